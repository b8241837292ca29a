"""Sentio in the browser: page, ONNX Runtime Web, network and card in one folder that any static server can serve.

    python tools/web.py                        into _web/: make web
    python tools/web.py --serve                and serve it: make web-serve, PORT=8123 make web-serve
    python tools/web.py --tarball FILE.tgz     without a network

The network is the shipped student with its log-mel inside, put together once a version into .cache/ from the student and song-shell.onnx,
so that neither torch nor the rest of what trains is needed; --song FILE.onnx, with its card FILE.json beside it, names another.
onnxruntime-web comes from npm, once, into .cache/ too.
"""
import argparse
import base64
import functools
import hashlib
import http.server
import json
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING: import onnx

ROOT = Path(__file__).resolve().parent.parent
STUDENT, SHELL = ROOT / "sentio/data/models/student.onnx", ROOT / "tools/song-shell.onnx"
VERSION = "1.29.0"
# npm view onnxruntime-web@VERSION dist.integrity
INTEGRITY = "sha512-LuQlpX6MFLJZu756erwUeb1mNfoJGbs1kzDwJGNlf5RvfYMdqhcY3vNpDPK40CUV2HoWTkIj+uS0o36GFHjeYw=="
RUNTIME = ("ort.wasm.bundle.min.mjs", "ort-wasm-simd-threaded.wasm")  # WebAssembly alone: no WebGPU


class Missing(Exception):
    "Something that the page is made of, or the check needs, is not on this machine."


def runtime(tarball: Path | None = None) -> Path:
    "The pinned package as npm publishes it: from `tarball`, from .cache/, or from npm."
    path = tarball or ROOT / f".cache/onnxruntime-web-{VERSION}.tgz"
    if not path.exists() and tarball: raise Missing(f"no file {path}")
    if not path.exists():
        if not (npm := shutil.which("npm")):
            raise Missing(f"npm is needed, once: install Node.js, or give onnxruntime-web-{VERSION}.tgz as --tarball")
        path.parent.mkdir(exist_ok=True)
        p = subprocess.run([npm, "pack", "--loglevel=error", f"onnxruntime-web@{VERSION}"], cwd=path.parent, text=True, capture_output=True)
        if p.returncode: raise Missing(f"npm pack onnxruntime-web@{VERSION}: {p.stderr.strip()[-400:]}")
    found = "sha512-" + base64.b64encode(hashlib.sha512(path.read_bytes()).digest()).decode()
    if found != INTEGRITY: raise ValueError(f"{path} is not onnxruntime-web {VERSION}: {found}; remove it")
    return path


def made_from() -> str:
    "A hash of all that the song graph depends on."
    sources = [STUDENT, *(ROOT / "sentio" / f"{name}.py" for name in ("formats", "export", "spectrogram", "audio"))]
    return hashlib.sha256(b"".join(hashlib.sha256(p.read_bytes()).digest() for p in sources)).hexdigest()


def write_shell() -> None:
    "Write the song graph without the student's own weights: torch makes the log-mel in it, so this needs what trains."
    import onnx

    from sentio.formats import song_model
    song, weights = song_model(STUDENT), {t.raw_data: t.name for t in onnx.load(STUDENT).graph.initializer if len(t.raw_data) > 256}
    for t in song.graph.initializer:
        if t.raw_data not in weights: continue
        t.doc_string = weights[t.raw_data]
        t.ClearField("raw_data")
    song.doc_string = made_from()
    onnx.save(song, SHELL)


def song_graph() -> "onnx.ModelProto":
    "The shipped student as a graph that takes the samples of a song: the shell with the student's weights. Needs onnx, and no torch."
    import onnx
    if not SHELL.exists() or onnx.load(SHELL).doc_string != made_from():
        try: write_shell()
        except ModuleNotFoundError as e:
            raise Missing(f"{SHELL.name} is older than the student; `python tools/web.py --shell` makes it, and needs {e.name}") from None
    song, weights = onnx.load(SHELL), {t.name: t.raw_data for t in onnx.load(STUDENT).graph.initializer}
    for t in song.graph.initializer:
        if t.doc_string: t.raw_data, t.doc_string = weights[t.doc_string], ""
    song.doc_string = ""
    onnx.checker.check_model(song)
    return song


def student() -> Path:
    "The file of that graph, with its card beside it."
    path = ROOT / f".cache/student-song-{made_from()[:12]}.onnx"
    if not path.exists():
        path.parent.mkdir(exist_ok=True)
        data, card = song_graph().SerializeToString(), json.loads(STUDENT.with_suffix(".json").read_text(encoding="utf-8"))
        path.write_bytes(data)
        card |= {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
        path.with_suffix(".json").write_text(json.dumps(card, indent=1) + "\n", encoding="utf-8")
    return path


def build(out: Path, song: Path | None = None, tarball: Path | None = None) -> Path:
    "Write the folder: some 18 MB, most of them the runtime."
    package, song = runtime(tarball), song or student()
    if not song.exists(): raise Missing(f"no network at {song}")
    shutil.copytree(ROOT / "web", out, dirs_exist_ok=True)
    shutil.copyfile(song, out / "model.onnx")
    shutil.copyfile(song.with_suffix(".json"), out / "model.json")
    with tarfile.open(package) as tar:
        for name in RUNTIME: (out / name).write_bytes(tar.extractfile(f"package/dist/{name}").read())
    return out


class Handler(http.server.SimpleHTTPRequestHandler):
    "Serves files with the types that a browser insists on, and without a log."
    extensions_map = {**http.server.SimpleHTTPRequestHandler.extensions_map, ".mjs": "text/javascript", ".js": "text/javascript",  # noqa: RUF012
                      ".wasm": "application/wasm"}

    def log_message(self, *args: object) -> None: pass


def server(folder: Path, port: int = 0) -> http.server.ThreadingHTTPServer:
    "A server of `folder` on this machine alone; port 0: any that is free."
    return http.server.ThreadingHTTPServer(("127.0.0.1", port), functools.partial(Handler, directory=str(folder)))


def refuse(why: str) -> NoReturn:
    "Say in one line why not, and end with status 2."
    print(f"web: {why}", file=sys.stderr)
    sys.exit(2)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=ROOT / "_web", help="folder to write, default: _web")
    parser.add_argument("--song", type=Path, help="the network that hears samples, default: the shipped student")
    parser.add_argument("--tarball", type=Path, help=f"onnxruntime-web-{VERSION}.tgz, where npm cannot be reached")
    parser.add_argument("--shell", action="store_true", help=f"make {SHELL.name} again: after the student or its log-mel has changed")
    parser.add_argument("--serve", nargs="?", type=int, const=8000, metavar="PORT", help="serve it, default port: 8000")
    args = parser.parse_args()
    if args.shell: return write_shell()
    try: served = None if args.serve is None else server(args.out, args.serve)  # first: an occupied port is known before the work
    except (OSError, OverflowError) as e: refuse(f"port {args.serve} cannot be served at: {getattr(e, 'strerror', None) or e}; "
                                                 "choose another one, as in PORT=8123 make web-serve")
    try: out = build(args.out, args.song, args.tarball)
    except (Missing, ValueError) as e: refuse(str(e))
    print(f"{out}: {sum(p.stat().st_size for p in out.iterdir()) / 1e6:.1f} MB")
    if served:
        print(f"http://localhost:{served.server_port}/  (Ctrl-C ends it)", flush=True)
        try: served.serve_forever()
        except KeyboardInterrupt: pass


if __name__ == "__main__": main()
