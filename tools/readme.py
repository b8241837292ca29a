"""README.md from nbs/index.ipynb, executed, without Quarto: `make readme`; `--print` shows it instead of writing it."""
import re
import sys
from pathlib import Path

import nbformat
from nbconvert import MarkdownExporter
from nbconvert.preprocessors import ExecutePreprocessor
from nbdev.doclinks import NbdevLookup

ROOT = Path(__file__).resolve().parent.parent
HEAD = "<!-- Written from nbs/index.ipynb by `make readme`: edit the notebook, not this file. -->\n\n"


def readme() -> str:
    "The text of README.md: the notebook is run, its code is left out, and `names` link to their documentation."
    nb = nbformat.read(ROOT / "nbs/index.ipynb", as_version=4)
    client = ExecutePreprocessor(timeout=120, kernel_name="python3", extra_arguments=["--IPKernelApp.log_level=40"])
    client.preprocess(nb, {"metadata": {"path": str(ROOT / "nbs")}})
    nb.cells = [c for c in nb.cells if "#| hide" not in c.source]
    text, _ = MarkdownExporter(exclude_input=True).from_notebook_node(nb)
    text = re.sub(r"\]\((?!https?:|#)", "](nbs/", text)  # links start from nbs/ there and from the top here
    return HEAD + NbdevLookup("sentio").linkify(text).strip() + "\n"


if __name__ == "__main__":
    if "--print" in sys.argv: sys.stdout.write(readme())
    else: (ROOT / "README.md").write_text(readme(), encoding="utf-8")
