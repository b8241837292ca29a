"""Sentio in the browser: page, ONNX Runtime Web, network and card in one folder that any static server can serve.

    python tools/web.py                        into _web/: make web
    python tools/web.py --serve                and serve it: make web-serve, PORT=8123 make web-serve
    python tools/web.py --tarball FILE.tgz     without a network

The network is the shipped student with its log-mel inside, made once a version into .cache/; --song FILE.onnx, with its card FILE.json
beside it, names another. onnxruntime-web comes from npm, once, into .cache/ too.
"""
import argparse
import base64
import functools
import hashlib
import http.server
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).resolve().parent.parent
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


def student() -> Path:
    "The shipped student as a graph that hears a song."
    import onnx

    from sentio.export import write_card
    from sentio.formats import song_model
    from sentio.predict import model_path, read_card
    card = read_card(model_path("student"))
    path = ROOT / f".cache/student-song-{card['sha256'][:12]}.onnx"
    if not path.exists():
        path.parent.mkdir(exist_ok=True)
        onnx.save(song_model(model_path("student")), path)
        write_card(path, card)
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
    parser.add_argument("--serve", nargs="?", type=int, const=8000, metavar="PORT", help="serve it, default port: 8000")
    args = parser.parse_args()
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
