"""Everything that must hold: `make test`. Ends with a line `N passed, N failed`; exit 1 if anything failed.

    python tools/test.py             all checks
    python tools/test.py 04 05       the notebooks whose names start so
"""
import ast
import filecmp
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from pages import CHECKS, cells

ROOT, BIN = Path(__file__).resolve().parent.parent, Path(sys.executable).parent
LIMIT = 1200  # seconds for one check: a busy machine is slow, not red
RUN_NOTEBOOK = "import sys; from nbdev.test import nbdev_test; nbdev_test(sys.argv[1], n_workers=0, do_print=False)"
NOTEBOOK_CELLS = "import sys; from nbdev.test import nb_test_cells; print(len(list(nb_test_cells(sys.argv[1]))))"


class Skipped(Exception):
    "This machine lacks what the check needs."


def run(*cmd: object, cwd: Path = ROOT, **env: str) -> str:
    "Output of a command; RuntimeError with its end if it failed or ran too long, Skipped if it says so (exit 77)."
    settings = {"SENTIO_PRESET": "demo", "OMP_NUM_THREADS": "1", "MPLBACKEND": "agg", "PYTHONWARNINGS": "ignore", "TQDM_DISABLE": "1"}
    try:
        p = subprocess.run([str(c) for c in cmd], cwd=cwd, env=os.environ | settings | env, timeout=LIMIT, text=True,
                           stdin=subprocess.DEVNULL, capture_output=True)
    except subprocess.TimeoutExpired as e:
        raise RuntimeError(f"not finished after {LIMIT} s") from e
    if p.returncode == 77: raise Skipped(p.stderr.strip())
    if p.returncode: raise RuntimeError((p.stdout + p.stderr)[-4000:])
    return p.stdout


def notebooks() -> list[Path]:
    "Every notebook of `nbs/`."
    return sorted(p for p in (ROOT / "nbs").rglob("*.ipynb") if ".ipynb_checkpoints" not in p.parts)


def notebook(path: Path) -> None:
    "The notebook runs from top to bottom as `nbdev-test` runs it."
    cells = run(sys.executable, "-c", NOTEBOOK_CELLS, path) if path.stem != "index" else "1"
    if int(cells.split()[-1]) == 0: raise RuntimeError("no cell would run")
    run(sys.executable, "-c", RUN_NOTEBOOK, path, PYTHONPATH=str(ROOT))


def copy_of_tree(folder: str) -> Path:
    "The checkout, without what was installed or built, in a folder of its own."
    skip = shutil.ignore_patterns(".venv", ".venv-web", ".git", ".cache", "build", "dist", "*.egg-info", "__pycache__", ".*_cache",
                                  "sentio-demo", "_web", "_docs")
    return shutil.copytree(ROOT, Path(folder, "sentio-copy"), symlinks=True, ignore=skip)


def library_in_step() -> None:
    "`sentio/` is what the notebooks export."
    with tempfile.TemporaryDirectory() as tmp:
        tree = copy_of_tree(tmp)
        run(BIN / "nbdev-export", cwd=tree, PYTHONPATH=str(tree))
        ours, theirs = ({p.relative_to(r / "sentio"): p for p in (r / "sentio").rglob("*.py")} for r in (ROOT, tree))
        differ = [str(p) for p in ours.keys() | theirs.keys()
                  if p not in ours or p not in theirs or not filecmp.cmp(ours[p], theirs[p], shallow=False)]
        if differ: raise RuntimeError(f"not what the notebooks export (make export): {', '.join(sorted(differ))}")


def notebooks_clean() -> None:
    "`nbdev-clean` would change nothing."
    with tempfile.TemporaryDirectory() as tmp:
        tree = copy_of_tree(tmp)
        run(BIN / "nbdev-clean", cwd=tree, PYTHONPATH=str(tree))
        dirty = [p.name for p in notebooks() if p.read_bytes() != (tree / p.relative_to(ROOT)).read_bytes()]
        if dirty: raise RuntimeError(f"not clean (make export): {', '.join(dirty)}")


def numbered_modules() -> dict[str, tuple[str, Path]]:
    "Module -> number of its notebook, and its file."
    found = {p: re.search(r"File to edit: .*?nbs/(\d+\w*)_", p.read_text(encoding="utf-8")) for p in (ROOT / "sentio").rglob("*.py")}
    return {".".join(p.relative_to(ROOT / "sentio").with_suffix("").parts): (m[1], p) for p, m in found.items() if m}


def one_direction() -> None:
    "A notebook imports only from notebooks with a smaller number."
    modules = numbered_modules()
    for name, (number, path) in modules.items():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.ImportFrom): continue
            used = [node.module or "", *(f"{node.module}.{a.name}" if node.module else a.name for a in node.names)]
            for other in {u.removeprefix("sentio.") for u in used} & modules.keys():
                if modules[other][0] >= number: raise RuntimeError(f"{name} ({number}) imports {other} ({modules[other][0]})")


def documentation() -> None:
    "Every page goes through nbdev's documentation filter, its directives are YAML, and the tree stays as it is."
    run(sys.executable, "tools/docs.py")


def private() -> None:
    "Only `sentio.runtime`, which turns the telemetry off, imports ONNX Runtime."
    files = (p for top in ("sentio", "tools") for p in (ROOT / top).rglob("*.py") if p.name != "runtime.py")
    code = {p.name: p.read_text(encoding="utf-8") for p in files}
    code |= {p.name: "\n".join(cells(p, "code")) for p in notebooks() if p.name != "00b_runtime.ipynb"}
    imports = re.compile(r"\b(?:import|from)\s+onnxruntime|\bimport [\w, ]*\bonnxruntime\b|import_module\(\W?onnxruntime")
    others = sorted(name for name, text in code.items() if imports.search(text))
    if others: raise RuntimeError(f"imports onnxruntime itself, with its telemetry on: {', '.join(others)}")


def of_pages(name: str) -> None:
    "One check of `tools/pages.py`, in a process of its own: some set the environment."
    run(sys.executable, "tools/pages.py", name, PYTHONPATH=str(ROOT))


def style() -> None:
    "ruff finds nothing."
    run(BIN / "ruff", "check", "sentio", "tools", "setup.py")


def types() -> None:
    "mypy finds nothing."
    run(BIN / "mypy", "sentio")


def readme_in_step() -> None:
    "README.md and the cards are what their notebooks give."
    made = [ROOT / p for p in ("README.md", "sentio/data/models/README.md", "sentio/data/README.md")]
    if run(sys.executable, "tools/readme.py", "--print") != "".join(p.read_text(encoding="utf-8") for p in made):
        raise RuntimeError("README.md or a card is not what its notebook gives (make readme)")


def as_on_kaggle() -> None:
    "A notebook runs in a fresh folder with only the wheel installed, and finds its data below Kaggle's input folder."
    with tempfile.TemporaryDirectory() as tmp:
        fresh, site, inputs = Path(tmp, "working"), Path(tmp, "site"), Path(tmp, "input")
        fresh.mkdir()
        run(sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", tmp, copy_of_tree(tmp))
        run(sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", site, next(Path(tmp).glob("*.whl")))
        env = {"PYTHONPATH": str(site), "SENTIO_DATA": "", "SENTIO_PRESET": "clips", "SENTIO_KAGGLE_INPUT": str(inputs),
               "SENTIO_CACHE": str(Path(tmp, "cache"))}
        where = run(sys.executable, "-c", "import sentio; print(sentio.__file__)", cwd=fresh, **env)
        if str(site) not in where: raise RuntimeError(f"the wheel is not what is imported: {where}")
        run(sys.executable, "-c", f"from sentio import corpus; corpus.write(r'{inputs / 'deam-mediaeval'}', n=64)", cwd=fresh, **env)
        shutil.copy(ROOT / "nbs/09_baselines.ipynb", fresh)
        run(sys.executable, "-c", RUN_NOTEBOOK, "09_baselines.ipynb", cwd=fresh, **env)


def in_the_browser() -> None:
    "The page that hears songs in the browser gives Python's numbers, in a real Chromium."
    run(sys.executable, "tools/check_web.py", PYTHONPATH=str(ROOT))


def web_shell() -> None:
    "tools/song-shell.onnx is of the shipped student and its log-mel; else: python tools/web.py --shell."
    stale = "import onnx, web; assert onnx.load(web.SHELL).doc_string == web.made_from(), 'run python tools/web.py --shell'"
    run(sys.executable, "-c", stale, cwd=ROOT / "tools")


def report_in_the_browser() -> None:
    "The report fits a phone and a wide screen, light and dark, answers to pointer and keys, and reorders by weights, in a real Chromium."
    run(sys.executable, "tools/check_report.py", PYTHONPATH=str(ROOT))


def cases_hold() -> None:
    "What other people's files and machines broke holds: the short ones of a folder of cases, where one lies beside the checkout."
    run(sys.executable, "tools/cases.py", "--short", PYTHONPATH=str(ROOT))


def check(name: str, function, *args) -> str:
    "Run one check, print its line, and say how it went: passed, FAILED or skipped."
    t, went, why = time.perf_counter(), "passed", ""
    try: function(*args)
    except Skipped as e: went, why = "skipped", str(e)
    except Exception as e: went, why = "FAILED", str(e) or repr(e)
    print(f"{went}  {name} ({time.perf_counter() - t:.0f} s)", *why.splitlines(), sep="\n        ", flush=True)
    return went


def main(only: list[str]) -> int:
    "Run all checks, two at a time; the number that failed."
    jobs = [(p.relative_to(ROOT).as_posix(), notebook, p) for p in notebooks() if not only or p.name.startswith(tuple(only))]
    checks = (library_in_step, notebooks_clean, one_direction, documentation, private, style, types, readme_in_step, as_on_kaggle,
              web_shell, in_the_browser, report_in_the_browser, cases_hold)
    if not only: jobs += [(f.__doc__, of_pages, f.__name__) for f in CHECKS] + [(f.__doc__, f) for f in checks]
    deam = os.environ.get("SENTIO_DATA")
    print(f"DEAM's clips: {'found' if deam else 'not found, the procedural corpus stands in for them'}", flush=True)
    with ThreadPoolExecutor(int(os.environ.get("SENTIO_TEST_WORKERS", 2))) as pool: went = list(pool.map(lambda job: check(*job), jobs))
    print(f"{went.count('passed')} passed, {went.count('FAILED')} failed")
    return went.count("FAILED")


if __name__ == "__main__": sys.exit(bool(main(sys.argv[1:])))
