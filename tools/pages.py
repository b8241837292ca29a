"""The pages of the site: each is in the navigation, has a title and a description, its links and figures resolve, and what it
shows is what the recorded runs say. `tools/test.py` calls the checks; none of them needs Quarto."""
import json
import re
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import yaml

ROOT = Path(__file__).resolve().parent.parent
NBS = ROOT / "nbs"
REPORT = ("report", "17_error_analysis", "18_explain")  # pages of the report: a folder, and two notebooks
SAID = re.compile(r"^#\| fig-alt: \S", re.M)


def pages() -> list[Path]:
    "Every notebook of the site."
    return sorted(p for p in NBS.rglob("*.ipynb") if ".ipynb_checkpoints" not in p.parts)


def cells(page: Path, kind: str) -> list[str]:
    "The text of its cells of one kind."
    return ["".join(c["source"]) for c in json.loads(page.read_text(encoding="utf-8"))["cells"] if c["cell_type"] == kind]


def refuse(found: list[str]) -> None:
    "Raise RuntimeError with everything that was found, if anything was."
    if found: raise RuntimeError("\n".join(found))


def entries(node: Any) -> Iterator[str]:
    "Every page or address that a part of the navigation leads to."
    if isinstance(node, str): yield node
    elif isinstance(node, list): yield from (e for n in node for e in entries(n))
    elif isinstance(node, dict):
        yield from (e for key in ("href", "file", "contents", "menu", "left", "right") if key in node for e in entries(node[key]))


def navigation() -> None:
    "The site's settings are sound YAML, name every notebook once, and lead nowhere else."
    site, sidebar = (yaml.safe_load(p.read_text(encoding="utf-8")) for p in (ROOT / "_quarto.yml", NBS / "sidebar.yml"))
    for workflow in (ROOT / ".github/workflows").glob("*.yml"): yaml.safe_load(workflow.read_text(encoding="utf-8"))
    website, html = site["website"], site["format"]["html"]
    found = [f"_quarto.yml: no {what}" for what, has in (("title", website.get("title")), ("description", website.get("description")),
             ("search", website["navbar"].get("search")), ("light and dark theme", {"light", "dark"} <= set(html["theme"])),
             ("link to the source", website.get("repo-url"))) if not has]
    listed = [e for e in entries(sidebar["website"]["sidebar"]) if e.endswith(".ipynb")]
    there = [p.relative_to(NBS).as_posix() for p in pages()]
    apart = sorted(set(listed) ^ set(there)) or ["pages named twice"]
    if sorted(listed) != sorted(there): found += [f"sidebar.yml and nbs/ differ in {', '.join(apart)}"]
    inside = [e for e in entries(website["navbar"]) if not e.startswith("http")]
    refuse(found + [f"_quarto.yml: no {e}" for e in inside if not (NBS / e).exists()])


def descriptions() -> None:
    "Every page begins with its title and one line that describes it; all but the first open in Colab and in Kaggle."
    found = []
    for page in pages():
        name, text = page.relative_to(NBS).as_posix(), cells(page, "markdown")
        lines = text[0].splitlines()
        described = len(lines) > 2 and re.match(r"# \S", lines[0]) and re.match(r"> \S", lines[2])
        if not described: found += [f"{name}: no title and description"]
        if sum(len(re.findall(r"^# ", t, re.M)) for t in text) != 1: found += [f"{name}: not one title"]
        badges = [f"{where}/blob/main/nbs/{name})" in "".join(text) for where in ("colab.research.google.com/github/SW-AI-36/sentio",
                  "kaggle.com/kernels/welcome?src=https://github.com/SW-AI-36/sentio")]
        if page.stem != "index" and not all(badges): found += [f"{name}: no badge that opens it in Colab and in Kaggle"]
    refuse(found)


def slug(head: str) -> str:
    "The anchor that Quarto gives a heading."
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", head)
    return re.sub(r"\s+", "-", re.sub(r"[^\w\s.-]", "", text).strip().lower())


def anchors(page: Path) -> set[str]:
    "The headings of a page, as anchors."
    return {slug(head) for text in cells(page, "markdown") for head in re.findall(r"^#+ (.+)$", text, re.M)}


def where(link: str, page: Path) -> tuple[Path, str]:
    "The file that a link leads to, and the anchor in it."
    target, _, anchor = unquote(link).partition("#")
    return (page.parent / target).resolve() if target else page, anchor


def links() -> None:
    "Every link leads to a page, a file or a heading that is there, and every picture has a text beside it."
    found = []
    for page in pages():
        text = "\n".join(re.sub(r"```.*?```|`[^`]*`", "", t, flags=re.S) for t in cells(page, "markdown"))
        pictures = re.findall(r"!\[([^\]]*)\]\(([^)\s]+)", text)
        found += [f"{page.name}: no text for {link}" for said, link in pictures if not said.strip()]
        found += [f"{page.name}: no text for {tag}" for tag in re.findall(r"<img[^>]*>", text) if not re.search(r'alt="[^"]+"', tag)]
        near = [m for m in re.findall(r"\]\(([^)\s]+)\)", text) + re.findall(r'<img[^>]*src="([^"]+)"', text) if not re.match(r"\w+:", m)]
        for link in near:
            file, anchor = where(link, page)
            if not file.exists(): found += [f"{page.name}: no {link}"]
            elif anchor and file.suffix == ".ipynb" and anchor not in anchors(file): found += [f"{page.name}: no heading {link}"]
    refuse(found)


def figures() -> None:
    "Every figure of the report's pages says what it shows, for those who do not see it."
    found = []
    for page in pages():
        if not {page.parent.name, page.stem} & set(REPORT): continue
        for c in json.loads(page.read_text(encoding="utf-8"))["cells"]:
            drawn = any("image/png" in out.get("data", {}) for out in c.get("outputs", []))
            silent = drawn and not SAID.search("".join(c["source"]))
            if silent: found += [f"{page.name}: no fig-alt in the cell that ends {c['source'][-1][:60]}"]
    refuse(found)


def shown(notebook: Any) -> list[str]:
    "What an executed page shows, pictures left out."
    outputs = [out.get("data", {}) for c in notebook["cells"] if "#| hide" not in "".join(c["source"]) for out in c.get("outputs", [])]
    return ["".join(data[kind]) for data in outputs for kind in ("text/markdown", "text/html") if kind in data]


def in_step() -> None:
    "The pages of the report show what the recorded runs say: executed again, they say the same; the home page says what README.md does."
    from sentio.report import PAGES, execute
    home, readme = shown(json.loads((NBS / "index.ipynb").read_text(encoding="utf-8"))), (ROOT / "README.md").read_text(encoding="utf-8")
    said = [re.sub(r"\]\((?!https?:)", "](nbs/", text) for text in home]
    if not said or any(text not in readme for text in said): raise RuntimeError("nbs/index.ipynb was not saved with README.md's figures")
    for page in PAGES:
        stored = shown(json.loads((NBS / "report" / f"{page}.ipynb").read_text(encoding="utf-8")))
        fresh = shown(execute(page, ROOT / "results", "deam"))
        apart = [new for old, new in zip(stored, fresh, strict=False) if old != new] + fresh[len(stored):]
        if apart or len(stored) > len(fresh): raise RuntimeError(f"report/{page}.ipynb shows other figures than results/: {apart[:1]}")


def copy_runs(folder: Path, models: tuple[str, ...]) -> list[Any]:
    "A results folder with a few of the recorded runs."
    import shutil

    from sentio.results import read_run
    found = [next((ROOT / "results/deam").glob(f"{m}-repaired-*")) for m in models]
    return [read_run(shutil.copytree(run, folder / "deam" / run.name)) for run in found]


def alter(run: Any, song: int, by: float) -> None:
    "Change the predicted valence of one song, and write the run anew with the figures that follow."
    from dataclasses import replace

    from sentio.results import coverage, evaluate, write_run
    p = run.predictions.copy()
    p.loc[p.song_id == song, "valence_pred"] += by
    facts = dict(metrics=evaluate(p, run.fits), coverage=coverage(p, run.fits))
    write_run(replace(run, record=run.record | facts, predictions=p))


def row_of(model: str, table: str) -> list[str]:
    "A model's row of a table in Markdown."
    return next(line.split(" | ") for line in table.splitlines() if line.startswith(f"| {model} "))


def spots(page: list[str]) -> dict[str, tuple[str, str]]:
    "What every point of a page's charts says in its first line, and where it stands, for valence."
    found = re.findall(r'<circle cx="([\d.]+)" cy="([\d.]+)" class="valence"><title>(.*?)\n', "".join(page))
    return {says: (x, y) for x, y, says in found}


def follows_the_runs() -> None:
    "A changed run changes the pages: one prediction altered moves the table, the interval and the point, and nothing else."
    from sentio.report import execute
    with tempfile.TemporaryDirectory() as tmp:
        first, *_ = runs = copy_runs(Path(tmp), ("tagger-fcn", "ridge-harmony", "ridge"))
        p, name = first.predictions, first.record["model"]
        song = int(p.song_id[p.valence_pred.idxmin()])
        before, was = (shown(execute(page, Path(tmp), "deam")) for page in ("comparison", "decision"))
        alter(first, song, 1.2)
        after, now = (shown(execute(page, Path(tmp), "deam")) for page in ("comparison", "decision"))
    old, new = (next(t for t in page if t.startswith("| model")) for page in (before, after))
    moved = [a != b for a, b in zip(row_of(name, old), row_of(name, new), strict=True)]
    head = old.splitlines()[0].strip("| ").split(" | ")
    said = dict(zip(head, moved, strict=True))
    expected = {"CCC V", "mean CCC [95 %]", "matched", "R2 V", "MAE V"}
    if {k for k, v in said.items() if v} != expected: raise RuntimeError(f"of {name} these changed: {said}")
    if any(row_of(r.record["model"], old) != row_of(r.record["model"], new) for r in runs[1:]): raise RuntimeError("other rows changed")
    low = [re.findall(r"\[(.*), (.*)\]", row_of(name, t)[head.index("mean CCC [95 %]")].replace("\u00a0", " "))[0] for t in (old, new)]
    if low[0] == low[1]: raise RuntimeError(f"the interval stayed {low[0]}")
    points = [spots(page) for page in (before, after)]
    went = {k for k in points[0].keys() | points[1].keys() if points[0].get(k) != points[1].get(k)}
    if len(points[0]) != len(p) or [k.split(",")[0] for k in went] != [f"song {song}"]:
        raise RuntimeError(f"of {len(points[0])} points these moved: {sorted(went)[:5]}; expected song {song}")
    if was == now: raise RuntimeError("the decision page does not follow the runs")


CHECKS = (navigation, descriptions, links, figures, in_step, follows_the_runs)


if __name__ == "__main__":
    for check in CHECKS:
        if not sys.argv[1:] or check.__name__ in sys.argv[1:]:
            check()
            print("passed ", check.__doc__)
