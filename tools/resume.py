"""Kill `sentio predict -o` at random, resume it, and compare its table with that of an undisturbed run. Exit status 1 if they differ.

    python tools/resume.py --files 3000 --kills 5 --format csv
    python tools/resume.py --files 500 --kills 5 --format parquet --curve
"""
import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd
import soundfile as sf

from sentio import corpus

SENTIO = sys.executable, "-c", "import sys; from sentio.cli import main; sys.exit(main())"
SIGNALS = signal.SIGKILL, signal.SIGTERM, signal.SIGINT
ODD = b"caf\xe9.wav", b"two\nlines.wav", b"=1+1 \\xe9 \xe2\x80\xae.wav"


def arguments() -> argparse.Namespace:
    "What was asked for."
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("--files", type=int, default=3000, help="links of short clips; one in a hundred is broken, three have odd names")
    p.add_argument("--kills", type=int, default=5, help="how often the work is interrupted: SIGKILL, SIGTERM and SIGINT in turn")
    p.add_argument("--format", choices=["csv", "jsonl", "parquet"], default="csv")
    p.add_argument("--curve", action="store_true", help="also the second table")
    p.add_argument("--model", default="ridge", help="the quickest by default")
    p.add_argument("--seed", type=int, default=0, help="of the moments of the kills")
    return p.parse_args()


def collection(folder: Path, n: int) -> None:
    "Many files: links of two clips of 2 s, in folders of 500."
    clips = [folder / f"clip{i}.wav" for i in range(2)]
    for i, clip in enumerate(clips): sf.write(clip, corpus.piece(.8 - i, .6 - i, i).samples[:2 * 22050], 22050)
    (folder / "broken").write_bytes(b"no music")
    for i in range(n):
        name = ODD[i] if i < len(ODD) else b"%05d.wav" % i
        place = os.fsencode(folder / "music" / f"{i // 500:03}")
        os.makedirs(place, exist_ok=True)
        os.link(folder / "broken" if i % 100 == 50 else clips[i % 2], place + b"/" + name)


def predict(folder: Path, table: str, args: argparse.Namespace, *more: str) -> subprocess.Popen:
    "The command, begun."
    curve = ["--curve"] if args.curve else []
    command = [*SENTIO, "predict", "music", "-o", table, "--model", args.model, *curve, *more]
    return subprocess.Popen(command, cwd=folder, stderr=subprocess.PIPE, text=True)


def rows_done(folder: Path, table: str) -> int:
    "How many rows count as written."
    journal = folder / f".{table}.resume"
    return journal.read_bytes().count(b"\n") - 1 if journal.exists() else 0


def disturb(folder: Path, table: str, args: argparse.Namespace) -> list[str]:
    "Run, killed at random moments and resumed; what went wrong."
    wrong, rng = [], random.Random(args.seed)
    for i, at in enumerate(sorted(rng.sample(range(args.files), args.kills))):
        at, number = max(at, rows_done(folder, table)), SIGNALS[i % len(SIGNALS)]  # at least one row a run: it has begun
        run = predict(folder, table, args, "--resume")
        while rows_done(folder, table) <= at and run.poll() is None: time.sleep(.01)
        time.sleep(rng.random() / 20)
        run.send_signal(number)
        said = run.communicate()[1]
        if run.returncode not in (-number, 130): wrong.append(f"{number.name} at row {at}: exit status {run.returncode}: {said}")
        if (folder / table).exists(): wrong.append(f"{table} is there before it is complete")
    last = predict(folder, table, args, "--resume")
    said = last.communicate()[1]
    return wrong + ([] if last.returncode == 3 else [f"exit status {last.returncode} in the end, not 3: {said}"])


def compare(a: Path, b: Path, n: int | None) -> list[str]:
    "How two tables differ; `n`: how many rows both must have, each of another file."
    if missing := [p.name for p in (a, b) if not p.exists()]: return [f"no {p}" for p in missing]
    if a.suffix != ".parquet" and a.read_bytes() != b.read_bytes(): return [f"{a.name} differs from {b.name}"]
    x, y = ({".csv": pd.read_csv, ".parquet": pd.read_parquet}.get(p.suffix) or (lambda q: pd.read_json(q, lines=True)) for p in (a, b))
    x, y = x(a), y(b)
    wrong = [] if x.equals(y) else [f"the rows of {a.name} are not those of {b.name}"]
    return wrong + ([f"{len(x)} rows, {x.path.nunique()} files, not {n}"] if n and not len(x) == x.path.nunique() == n else [])


def main() -> int:
    "Kill, resume, compare, print; 1 if anything went wrong."
    args = arguments()
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job inherits an ignored SIGINT
    with tempfile.TemporaryDirectory() as tmp:
        folder, tables = Path(tmp), [f"{name}.{args.format}" for name in ("killed", "undisturbed")]
        start = time.perf_counter()
        collection(folder, args.files)
        wrong = disturb(folder, tables[0], args)
        predict(folder, tables[1], args).communicate()
        wrong += compare(*(folder / t for t in tables), args.files)
        if args.curve and args.format != "jsonl": wrong += compare(*(folder / t.replace(".", ".curve.") for t in tables), None)
        wrong += [f"{p.name} is left" for p in folder.iterdir() if ".part" in p.name]
        took = time.perf_counter() - start
    print(*wrong, f"{args.files} files, {args.kills} kills, {args.format}{' with curves' * args.curve}: {'NOT ' * bool(wrong)}equal to an "
          f"undisturbed run ({took:.0f} s)", sep="\n")
    return int(bool(wrong))


if __name__ == "__main__": sys.exit(main())
