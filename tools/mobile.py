"""The shipped student for LiteRT, ExecuTorch and Core ML: written, loaded again, compared with torch, and recorded (make mobile).

    python tools/mobile.py [FOLDER]      into _mobile/ if not given
"""
import sys
from pathlib import Path

import sentio.compute  # noqa: F401
from sentio.formats import study_runtimes
from sentio.presets import preset


def main() -> None:
    "One line a runtime."
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "_mobile")
    folder.mkdir(exist_ok=True)
    study = study_runtimes(preset(), folder)
    print(study, study.table.to_string(index=False), sep="\n")


if __name__ == "__main__": main()
