"""README.md from nbs/index.ipynb, without Quarto: `make readme`; `--print` shows it instead of writing it."""
import sys
from pathlib import Path

import nbformat
from nbconvert import MarkdownExporter
from nbdev.doclinks import NbdevLookup

ROOT = Path(__file__).resolve().parent.parent


def readme() -> str:
    "The text of README.md: hidden cells and directives dropped, `names` linked to their documentation."
    nb = nbformat.read(ROOT / "nbs/index.ipynb", as_version=4)
    nb.cells = [c for c in nb.cells if "#| hide" not in c.source]
    for c in nb.cells: c.source = "\n".join(line for line in c.source.splitlines() if not line.startswith("#|"))
    head = "<!-- Written from nbs/index.ipynb by `make readme`: edit the notebook, not this file. -->\n\n"
    return head + NbdevLookup("sentio").linkify(MarkdownExporter().from_notebook_node(nb)[0]).strip() + "\n"


if __name__ == "__main__":
    if "--print" in sys.argv: sys.stdout.write(readme())
    else: (ROOT / "README.md").write_text(readme(), encoding="utf-8")
