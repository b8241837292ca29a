"""Write the digest of every run and study in `results/` anew, after a change of names or settings that leaves all figures as they are.

    python tools/sign.py            all that is recorded; verifies each run afterwards
"""
import sys
from pathlib import Path

from sentio.results import read_run, read_study, verify, verify_study, write_run, write_study

ROOT = Path(__file__).resolve().parent.parent / "results"


def main(root: Path = ROOT) -> None:
    "Sign and verify; the first run that does not hold ends it."
    for path in sorted(p.parent for p in root.glob("*/*/run.json")):
        write_run(read_run(path))
        verify(read_run(path))
    for path in sorted(p.parent for p in root.glob("studies/*/study.json")):
        write_study(read_study(path.name, root))
        verify_study(read_study(path.name, root))


if __name__ == "__main__": main(*map(Path, sys.argv[1:]))
