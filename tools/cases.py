"""Files, names and folders that once broke Sentio, each with the command that met them: does today's output fit what is expected of it?

    python tools/cases.py                    all cases of a folder `cases` beside this checkout; exit 77 where there is none
    python tools/cases.py --cases DIR        of this folder
    python tools/cases.py --short NAME ...   only those of a few seconds, or only these

A case is a folder with `run.sh`, which makes its files and runs the command in `$SENTIO` and `$PY`. Prints `N of M hold`; exit 1 if
one does not.
"""
import argparse
import csv
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NEAR, LIMIT = .05, 180  # of [-1, 1]; seconds for one case
LONG = {"parquet-too-late", "output-cannot-be-written", "label-paths", "label-lines"}  # they take the longest, left out by --short


@dataclass
class Said:
    "What a case's run.sh printed."
    out: str
    err: str = ""

    def rows(self) -> dict[str, dict[str, str]]:
        "The rows of its first table in CSV, by the file's name."
        lines = self.out.splitlines()
        start = next((i for i, line in enumerate(lines) if line.startswith("path,")), None)
        assert start is not None, f"no table: {self.both()[-300:]}"
        end = next((i for i, line in enumerate(lines) if i > start and re.match(r"(rc=|==)", line)), len(lines))
        return {Path(r["path"]).name: r for r in csv.DictReader(lines[start:end])}

    def both(self) -> str: return self.out + self.err
    def times(self) -> list[float]: return [60 * int(m) + float(s) for m, s in re.findall(r"real\s+(\d+)m([\d.]+)s", self.both())]

    def part(self, name: str) -> str:
        "What follows `== name`, up to the next."
        return self.out.split(f"== {name}\n", 1)[1].split("\n== ")[0]


def number(row: dict[str, str], key: str) -> float:
    "A number of a row."
    assert row.get(key), f"{row['path']}: no {key}: {row}"
    return float(row[key])


def near(rows: dict[str, dict[str, str]], name: str, other: str, by: float = NEAR) -> None:
    "Both files have much the same valence and arousal."
    for d in ("valence", "arousal"):
        a, b = (number(rows[n], d) for n in (name, other))
        assert abs(a - b) <= by, f"{name}: {d} {a:+.3f}, but {b:+.3f} of {other}"


def whole(rows: dict[str, dict[str, str]], name: str, seconds: float, slack: float) -> None:
    "All of the file was processed."
    found = number(rows[name], "seconds")
    assert abs(found - seconds) <= slack, f"{name}: {found:.1f} s of {seconds:.0f}"


def broken_model(said: Said) -> None:
    for m in ("lfs", "empty", "card", "html"):
        assert re.search(rf"^{m} rc=2 0 traceback: sentio: {m}\.onnx is not a model \(", said.out, re.M), f"{m}: {said.out}"


def chained_ogg(said: Said) -> None:
    rows = said.rows()
    for name in ("chain.ogg", "chain.opus"):
        if rows[name].get("flags"): continue  # the least: it is not silent about it
        whole(rows, name, 60, 1)
        near(rows, name, "both.wav")


def damaged_middle(said: Said) -> None:
    rows = said.rows()
    for name in ("junk.mp3", "tag_inside.mp3", "hole.flac"):
        whole(rows, name, 60, 2)
        near(rows, name, "clean.wav")


def dc_silence(said: Said) -> None:
    rows = said.rows()
    near(rows, "offset_then_music.wav", "zeros_then_music.wav")
    near(rows, "quiet_room.wav", "music.wav", 2 * NEAR)
    assert rows["only_offset.wav"]["error"] == "SilentAudio", rows["only_offset.wav"]


def endings_left_out(said: Said) -> None:
    folder, named = said.rows(), Said(said.part("by name")).rows()
    apart = [n for n, r in named.items() if r["valence"] and not folder.get(n, {}).get("valence")]
    told = re.search(r"\d+ .*(left out|passed over|skipped|unknown|ignored)|(left out|passed over|skipped|ignored).*\d", said.err)
    assert not apart or told, f"not found in the folder, and no line counts them: {', '.join(apart)}"
    assert named, "none is found by name"


def falsely_truncated(said: Said) -> None:
    rows = said.rows()
    for name in ("piped.flac", "id3v1_at_end.flac", "piped.aiff", "clean.wav"):
        whole(rows, name, 30, .1)
        assert "truncated" not in rows[name].get("flags", ""), f"{name} is flagged"


def fifo_in_folder(said: Said) -> None:
    first, second = re.split(r"^rc=[023]$", said.out, flags=re.M)[:2]
    assert said.times() and said.times()[0] < 30, f"the folder took {said.times()} s"
    assert len(re.findall(r"^rc=[023]$", said.out, re.M)) == 2, said.both()
    assert "No such file" not in said.both() and "NotFound" not in second, second
    assert re.search(r"[+-]\d\.\d\d", first), f"the songs have no row: {first}"


def hidden_folders(said: Said) -> None:
    found = re.findall(r"^.*\.(?:wav|WAV).*$", said.out, re.M)
    assert [r.split(",")[0].replace("\\", "/").removeprefix("./") for r in found] == ["in/album/song.wav"], found
    assert "rc=0" in said.out, said.both()


def told(said: Said, names: tuple[str, ...]) -> dict[str, str]:
    "The lines `name: ...`."
    lines = dict(re.findall(rf"^({'|'.join(names)}): (.*)$", said.out, re.M))
    assert lines.keys() == set(names), said.both()
    return lines


def label_lines(said: Said) -> None:
    lines = told(said, ("plain", "u2028", "nel", "vt", "ff"))
    assert len(set(lines.values())) == 1, lines
    assert re.search(r"\b6 songs by 6 artists", lines["plain"]), lines["plain"]


def label_paths(said: Said) -> None:
    lines = told(said, ("plain", "dot", "dotback", "folder", "folderdot", "what predict wrote"))
    again = lines.pop("what predict wrote")
    assert len(set(lines.values())) == 1 and re.search(r"\b6 songs", lines["plain"]), lines
    assert re.search(r"\b6 songs", again) and "1.00" in again, again


def name_not_utf8(said: Said) -> None:
    assert "Traceback" not in said.both() and "Error" not in said.both(), said.both()
    for name in ("out.csv", "out.jsonl", "out.parquet"): assert "rc=0" in said.part(name), said.part(name)
    assert "No such file" not in said.part("out.parquet"), said.part("out.parquet")
    assert re.search(r"\b4 out\.csv", said.out) and re.search(r"\b3 out\.jsonl", said.out), said.out


def output_cannot_be_written(said: Said) -> None:
    assert "Traceback" not in said.both(), said.both()
    paths = {"a folder": r"d\.csv", "disk full": "/dev/full", "disk full, terminal table": "", "labels are a folder": r"l\.csv",
             "read-only": r"\bro\b"}
    for part, path in paths.items():
        text = said.part(part)
        assert re.search(rf"^sentio: .*{path}", text, re.M), f"{part}: {text}"
        assert re.search(r"^rc=[1-9]\d*$", text, re.M), f"{part}: {text}"


def parquet_too_late(said: Said) -> None:
    assert re.findall(r"^rc=(\d+)$", said.out, re.M) == ["2", "2"], said.both()
    assert len(re.findall("^sentio: .*nowhere", said.out, re.M)) == 2, said.both()
    of_csv, of_parquet = said.times()
    assert of_parquet < 2 * of_csv + 3, f"csv is refused after {of_csv} s, parquet after {of_parquet} s"


def phase_inverted(said: Said) -> None:
    rows = said.rows()
    near(rows, "inverted.wav", "mono.wav")
    near(rows, "nearly.wav", "mono.wav")
    assert "SilentAudio" not in said.out, said.out
    if not rows["left_only.wav"].get("flags"): near(rows, "left_only.wav", "mono.wav")


CHECKS: dict[str, Callable[[Said], None]] = {f.__name__.replace("_", "-"): f for f in (
    broken_model, chained_ogg, damaged_middle, dc_silence, endings_left_out, falsely_truncated, fifo_in_folder, hidden_folders, label_lines,
    label_paths, name_not_utf8, output_cannot_be_written, parquet_too_late, phase_inverted)}


def run(case: Path) -> Said:
    "Run a case with this checkout's command."
    settings = {"SENTIO": str(Path(sys.executable).parent / "sentio"), "PY": sys.executable, "PYTHONPATH": str(ROOT), "LC_ALL": "C.UTF-8"}
    ends = dict(stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, errors="backslashreplace")
    p = subprocess.Popen(["bash", case / "run.sh"], env=os.environ | settings, start_new_session=True, **ends)
    try: return Said(*p.communicate(timeout=LIMIT))
    except subprocess.TimeoutExpired as e: raise AssertionError(f"not finished after {LIMIT} s") from e
    finally:
        if p.poll() is None: os.killpg(p.pid, signal.SIGKILL)


def holds(case: Path) -> bool:
    "Run and check a case, and print how it went."
    start = time.perf_counter()
    try: CHECKS[case.name](run(case))
    except (AssertionError, KeyError, ValueError, IndexError) as e:
        print(f"FAILED  {case.name} ({time.perf_counter() - start:.0f} s): {' '.join(str(e).split())[:600] or repr(e)}", flush=True)
        return False
    print(f"holds   {case.name} ({time.perf_counter() - start:.0f} s)", flush=True)
    return True


def main() -> int:
    "The exit status."
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help="only these cases")
    parser.add_argument("--cases", type=Path, help="their folder, default: a folder `cases` beside this checkout")
    parser.add_argument("--short", action="store_true", help="leave out the long ones")
    args = parser.parse_args()
    folder = args.cases or next((p for p in sorted(ROOT.parent.glob("*/cases")) if any(p.glob("*/run.sh"))), None)
    found = sorted(p.parent for p in folder.glob("*/run.sh")) if folder else []
    cases = [c for c in found if c.name in CHECKS and (c.name in args.names if args.names else not (args.short and c.name in LONG))]
    if not cases:
        print("no folder of cases beside this checkout", file=sys.stderr)
        return 77
    for other in (c.name for c in found if c.name not in CHECKS): print(f"not known: {other}")
    went = [holds(c) for c in cases]
    print(f"{sum(went)} of {len(went)} hold")
    return int(not all(went))


if __name__ == "__main__": sys.exit(main())
