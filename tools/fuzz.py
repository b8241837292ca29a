"""Break thousands of audio files and hear them all. Ends with exit status 1 on a crash, a hang, an error without a name, or a leak.

    python tools/fuzz.py --files 5000             on DEAM's clips where they are, else on the procedural corpus
    python tools/fuzz.py --files 5000 --record    and write results/studies/fuzz
"""
import argparse
import sys

import pandas as pd

from sentio import deam
from sentio.presets import PRESETS, songs
from sentio.robustness import failures, fuzz, record_fuzz, seeds


def arguments() -> argparse.Namespace:
    "What was asked for."
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("--files", type=int, default=5000, help="how many broken files")
    p.add_argument("--seed", type=int, default=0, help="of everything left to chance")
    p.add_argument("--limit", type=float, default=1800., help="seconds for all of them; files not heard by then count as a failure")
    p.add_argument("--songs", type=int, default=12, help="songs to break, in every format")
    p.add_argument("--record", action="store_true", help="write results/studies/fuzz")
    return p.parse_args()


def main() -> int:
    "Break, hear, print; 1 if anything failed."
    args, root = arguments(), deam.find()
    preset = PRESETS["clips" if root and not deam.is_corpus(root) else "demo"]
    table = songs(preset)
    good = seeds(table.path[::max(1, len(table) // args.songs)][:args.songs])
    heard, looks = fuzz(good, args.files, args.seed, args.limit)
    for by in ("mutation", "format"): print(pd.crosstab(heard[by], heard.outcome, margins=True, margins_name="all").to_string(), end="\n\n")
    print(looks.to_string(index=False), end="\n\n")
    bad = failures(heard, looks, args.files)
    if args.record: print(record_fuzz(heard, looks, dataset=preset.dataset, seed=args.seed, songs=args.songs))
    print(*bad, f"{len(heard)} broken files, longest {heard.took.max():.2f} s, {len(bad)} failures", sep="\n")
    return int(bool(bad))


if __name__ == "__main__": sys.exit(main())
