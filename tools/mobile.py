"""The shipped student for LiteRT, ExecuTorch and Core ML: written, loaded again, and compared with torch (make mobile).

    python tools/mobile.py [FOLDER]      into _mobile/ if not given
"""
import sys
from pathlib import Path

import numpy as np

import sentio.compute  # noqa: F401
from sentio.audio import load
from sentio.formats import RUNTIMES, convert, window_network
from sentio.predict import model_path, read_card
from sentio.presets import preset, songs


def main() -> None:
    "One line a runtime."
    folder, card = Path(sys.argv[1] if len(sys.argv) > 1 else "_mobile"), read_card(model_path("student"))
    folder.mkdir(exist_ok=True)
    n = round(card["window"] * card["sr"])
    windows = np.stack([np.resize(load(path, sr=card["sr"]).samples, n) for path in songs().path[:20]]).astype(np.float32)
    print(f"{len(windows)} songs of the preset {preset().name}, one window each")
    for runtime in RUNTIMES:
        row = convert(runtime, window_network(), windows, folder)
        print(f"{row['runtime']:12}" + (f"{row['mb']:6.1f} MB" if "mb" in row else " " * 9) +
              (f"{row['ms']:7.1f} ms  {row['apart']:.1e}" if "ms" in row else " " * 20) + f"  {row['went']}", flush=True)


if __name__ == "__main__": main()
