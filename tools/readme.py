"""Pages that are Markdown files too, executed, without Quarto: README.md from nbs/index.ipynb, and the cards of data and models
from nbs/report: `make readme`; `--print` shows them instead of writing them."""
import posixpath
import re
import sys
from pathlib import Path

import nbformat
from nbconvert import MarkdownExporter
from nbconvert.preprocessors import CoalesceStreamsPreprocessor, ExecutePreprocessor

ROOT = Path(__file__).resolve().parent.parent
NOTE = "<!-- Written from nbs/{page} by `make readme`: edit the notebook, not this file. -->\n\n"
CARDS = {"report/model_card.ipynb": "sentio/data/models/README.md", "report/data_card.ipynb": "sentio/data/README.md"}


def executed(page: str) -> str:
    "A notebook below nbs/ as Markdown: run, its code left out."
    nb = nbformat.read(ROOT / "nbs" / page, as_version=4)
    nb.cells = [c for c in nb.cells if not c.source.startswith("#| notest")]  # what installs Sentio on Colab and Kaggle
    client = ExecutePreprocessor(timeout=120, kernel_name="python3", extra_arguments=["--IPKernelApp.log_level=40"])
    client.preprocess(nb, {"metadata": {"path": str((ROOT / "nbs" / page).parent)}})
    nb, _ = CoalesceStreamsPreprocessor().preprocess(nb, {})  # lines that came apart
    nb.cells = [c for c in nb.cells if "#| hide" not in c.source]
    text, _ = MarkdownExporter(exclude_input=True).from_notebook_node(nb)
    return text.strip() + "\n"


def readme() -> str:
    "The text of README.md."
    text = re.sub(r"\]\((?!https?:|#)", "](nbs/", executed("index.ipynb"))  # links start from nbs/ there and from the top here
    return NOTE.format(page="index.ipynb") + text


def card(page: str) -> str:
    "The text of a card: the metadata of its last section first, as Hugging Face reads it; links lead to the repository."
    def absolute(m: re.Match) -> str:
        return f"](https://github.com/SW-AI-36/sentio/blob/main/{posixpath.normpath(posixpath.join('nbs', posixpath.dirname(page), m[1]))})"
    text = re.sub(r"\]\((?!https?:|#)([^)]+)\)", absolute, executed(page))
    front = re.search(r"```yaml\n(.*?)```\n+", text, re.S)
    if not front: raise ValueError(f"{page} shows no metadata")
    about = r"## Metadata\n+[^\n]*\n+"
    badges = r"\[!\[Open in Colab\][^\n]*\n+"
    body = re.sub(r"\n{3,}", "\n\n", re.sub(f"{about}|{badges}", "", text.replace(front[0], "")))
    return f"---\n{front[1]}---\n\n" + NOTE.format(page=page) + body


def pages() -> dict[str, str]:
    "Every file that is made here, and its text."
    return {"README.md": readme(), **{path: card(page) for page, path in CARDS.items()}}


if __name__ == "__main__":
    for path, text in pages().items():
        if "--print" in sys.argv: sys.stdout.write(text)
        else: (ROOT / path).write_text(text, encoding="utf-8")
