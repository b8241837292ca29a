"""The first step of `make docs` without Quarto: every page goes through nbdev's own documentation filter. `tools/test.py` calls it.

    python tools/docs.py             all notebooks
    python tools/docs.py 04 05       those whose names start so
"""
import multiprocessing
import os
import re
import subprocess
import sys
import tempfile
import traceback
import warnings
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
DIRECTIVE = re.compile(r"#\|\s*(\S.*)$")
SHARED = ("nbdev.processors", "matplotlib.pyplot", "librosa", "sklearn.pipeline", "scipy.stats", "xgboost", "sentio.compute",
          "fastai.vision.all", "timm", "transformers", "onnx", "onnxmltools", "optuna", "fastcore.test")  # imported once, for all pages
MIXED = "imports and other code"  # of nbdev's warning
LINK = re.compile(r"\[source\]\(https://github\.com/SW-AI-36/sentio/blob/main/sentio/\S+#L\d+\)")


def directives(source: str) -> list[str]:
    "What the lines that begin a cell with `#|` say."
    lines = []
    for line in source.splitlines():
        if not line.strip(): continue
        if not (found := DIRECTIVE.match(line)): break
        lines.append(found[1])
    return lines


def not_yaml(source: str) -> list[str]:
    "What Quarto, which reads these lines as YAML, would stop at."
    import yaml
    bad = []
    for line in directives(source):
        try: yaml.safe_load(line)
        except yaml.YAMLError as e: bad += [f"no YAML: #| {line} ({str(e).splitlines()[0]})"]
    named = [line for line in directives(source) if re.match(r"[\w-]+:", line)]
    try:
        if named and not bad and not isinstance(yaml.safe_load("\n".join(named)), dict): bad += [f"no YAML mapping: {named}"]
    except yaml.YAMLError as e: bad += [f"no YAML together: {named} ({str(e).splitlines()[0]})"]
    return bad


def documented(cell: Any) -> list[str]:
    "The Markdown that `show_doc` gave."
    if "show_doc(" not in cell.source: return []
    return ["".join(out["data"].get("text/markdown", "")) for out in cell.get("outputs", []) if "data" in out]


def faults(page: Path) -> list[str]:
    "What is wrong with a page as the filter leaves it."
    from fastcore.nbio import read_nb
    from nbdev.processors import FilterDefaults
    nb = read_nb(page)
    found = [bad for c in nb.cells if c.cell_type == "code" for bad in not_yaml(c.source)]
    public = [c for c in nb.cells if c.cell_type == "code" and re.search(r"^#\|\s*exports?\b", c.source, re.M)
              and re.search(r"^(def|class) [^_]", c.source, re.M)]
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        FilterDefaults()(nb)
    found += [str(w.message) for w in said if MIXED in str(w.message)]
    code = [c for c in nb.cells if c.cell_type == "code"]
    found += [bad for c in code for bad in not_yaml(c.source)]
    found += [f"{o.get('ename')}: {o.get('evalue')}, in {c.source[:80]!r}"
              for c in code for o in c.get("outputs", []) if o.output_type == "error"]
    docs = [(c.source, documented(c)) for c in code if re.search(r"^show_doc\(", c.source, re.M)]
    found += [f"no documentation by {source.splitlines()[-1]}" for source, given in docs if not any(given)]
    found += [f"no [source] by {source.splitlines()[-1]}" for source, given in docs if any(given) and not any(map(LINK.search, given))]
    return found + (["no documentation of what it exports"] if public and not docs else [])


def page_line(page: Path) -> str:
    "Its faults, one a line with the page's name; empty if there are none."
    os.environ["IN_TEST"] = "1"
    try: found = faults(page)
    except Exception: found = [traceback.format_exc(limit=0).strip()[-600:]]
    return "\n".join(f"{page.name}: {what}" for what in found)


def git(*args: str) -> str:
    "Output of git in this folder."
    return subprocess.run(["git", *args], check=True, capture_output=True, text=True).stdout


def changed() -> list[str]:
    "Files that differ from what was added to the index, or are new and not ignored."
    return [*git("diff", "--name-only").splitlines(), *git("ls-files", "--others", "--exclude-standard").splitlines()]


def check(tree: Path, names: tuple[str, ...] = ()) -> list[str]:
    "Faults of the pages of `tree`, a copy of the checkout; this process works in it from here on."
    os.chdir(tree)
    git("init", "--quiet")
    git("add", "--all")
    info = tree.parent / "metadata"  # what an installation knows: there `[source]` finds the index of modules
    info.mkdir()
    subprocess.run([sys.executable, "setup.py", "-q", "egg_info", "--egg-base", str(info)], check=True, capture_output=True)
    sys.path[:0] = [str(tree), str(info)]
    os.environ["PYTHONPATH"] = os.pathsep.join([str(tree), str(info)])
    for name in SHARED:
        with suppress(Exception): import_module(name)
    import nbdev.doclinks
    from nbdev.config import get_config
    from nbdev.quarto import nbdev_sidebar, refresh_quarto_yml
    refresh_quarto_yml()  # from here on as `nbdev-docs` does before it calls Quarto
    nbdev.doclinks._build_modidx()
    nbdev_sidebar.__wrapped__(path=get_config().nbs_path)
    pages = [Path(p) for p in nbdev.doclinks.nbglob(get_config().nbs_path) if not names or Path(p).name.startswith(names)]
    with multiprocessing.get_context("fork").Pool(2, maxtasksperchild=1) as pool: found = list(filter(None, pool.map(page_line, pages, 1)))
    return found + [f"changed or left by it: {name}" for name in changed()]


def main(names: list[str]) -> int:
    "Check a copy of this checkout; the number of faults."
    sys.path.insert(0, str(ROOT / "tools"))
    from test import copy_of_tree
    with tempfile.TemporaryDirectory() as tmp: found = check(copy_of_tree(tmp), tuple(names))
    if found: print("\n".join(found))
    return len(found)


if __name__ == "__main__": sys.exit(bool(main(sys.argv[1:])))
