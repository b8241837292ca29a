"""The page of tools/web.py in a real headless Chromium: its numbers are Python's, its messages clear, and it asks nobody else for anything.

    python tools/check_web.py                     exit 77 where Chromium, npm or the network is missing
    python tools/check_web.py --shots FOLDER      also pictures of the page with a result
"""
import base64
import contextlib
import csv
import json
import os
import re
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
import soundfile as sf
from web import Missing, build, server, student

from sentio.audio import level, load, silence_below, windows
from sentio.corpus import piece
from sentio.emotion import PALETTE, QUADRANTS, quadrant
from sentio.runtime import ort

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
FLAGS = ("--headless", "--no-sandbox", "--remote-debugging-pipe", "--no-first-run", "--disable-gpu", "--disable-dev-shm-usage",
         "--hide-scrollbars", "--disable-background-networking", "--mute-audio", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1")
TOLERANCE = .02  # of [-1, 1]: the browser decodes and resamples in its own way, and shows two decimals
LONG = "three seconds, " + 100 * "x" + ".wav"  # a song shorter than a window
SHOWN = re.compile(r"(\w+) ([+-]\d\.\d\d) \[([+-]\d\.\d\d), ([+-]\d\.\d\d)\]")


class Browser:
    "Chromium by its DevTools protocol over a pipe: JSON messages that end with a zero byte, in at 3, out at 4."
    def __init__(self, folder: Path) -> None:
        if not (chromium := next(filter(None, map(shutil.which, [os.environ.get("CHROMIUM", ""), *NAMES])), None)):
            raise Missing("Chromium is needed, and none is on the PATH (CHROMIUM may name one)")
        (theirs, self.out), (self.into, ours) = os.pipe(), os.pipe()
        def ends() -> None:
            a, b = os.dup(theirs), os.dup(ours)  # not 3 or 4 themselves
            os.dup2(a, 3)
            os.dup2(b, 4)
        quiet = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.DEVNULL)
        self.process = subprocess.Popen([chromium, *FLAGS, f"--user-data-dir={folder}", "about:blank"], preexec_fn=ends, close_fds=False,
                                        start_new_session=True, **quiet)
        for end in (theirs, ours): os.close(end)
        self.held, self.count, self.events, self.page = b"", 0, [], None

    def read(self, until: float) -> dict:
        "The next message."
        while b"\0" not in self.held:
            if not select.select([self.into], [], [], max(0, until - time.monotonic()))[0]: raise TimeoutError("no answer from Chromium")
            if not (data := os.read(self.into, 1 << 20)): raise RuntimeError("Chromium has ended")
            self.held += data
        message, _, self.held = self.held.partition(b"\0")
        return json.loads(message)

    def post(self, method: str, session: str | None = None, **params: object) -> int:
        "Send a command; its number."
        self.count += 1
        message = {"id": self.count, "method": method, "params": params} | ({"sessionId": session} if session else {})
        os.write(self.out, json.dumps(message).encode() + b"\0")
        return self.count

    def send(self, method: str, session: str | None = None, **params: object) -> dict:
        "A command and its answer; what happens meanwhile goes to `events`."
        number, until = self.post(method, session, **params), time.monotonic() + 60
        while (answer := self.read(until)).get("id") != number:
            if "method" in answer: self.events.append(answer)
            if answer.get("method") == "Target.attachedToTarget" and self.page: self.watch(answer["params"]["sessionId"])
        if "error" in answer: raise RuntimeError(f"{method}: {answer['error']['message']}")
        return answer["result"]

    def watch(self, session: str) -> None:
        "A worker, or the page, goes on, and tells what it asks for."
        for method in ("Network.enable", "Runtime.enable", "Runtime.runIfWaitingForDebugger"): self.post(method, session)

    def open(self, url: str, ready: str = "document.getElementById('quality').textContent") -> None:
        target = self.send("Target.createTarget", url="about:blank")["targetId"]
        self.page = self.send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for method in ("Page.enable", "DOM.enable", "Log.enable"): self.do(method)
        self.watch(self.page)
        self.do("Target.setAutoAttach", autoAttach=True, waitForDebuggerOnStart=True, flatten=True)
        self.do("Page.navigate", url=url)
        self.wait(f"document.readyState == 'complete' && {ready}")

    def do(self, method: str, **params: object) -> dict: return self.send(method, self.page, **params)

    def js(self, expression: str) -> object:
        answer = self.do("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer: raise RuntimeError(f"{expression}: {answer['exceptionDetails']}")
        return answer["result"].get("value")

    def wait(self, expression: str, seconds: float = 60) -> object:
        until = time.monotonic() + seconds
        while not (value := self.js(expression)):
            if time.monotonic() > until: raise TimeoutError(f"not after {seconds} s: {expression}; {self.js('document.body.innerText')}")
            time.sleep(.05)
        return value

    def text(self, name: str) -> str: return self.js(f"document.getElementById('{name}').textContent")

    def give(self, path: Path) -> None:
        node = self.do("DOM.querySelector", nodeId=self.do("DOM.getDocument")["root"]["nodeId"], selector="#file")["nodeId"]
        self.do("DOM.setFileInputFiles", files=[str(path)], nodeId=node)

    def drop(self, path: Path) -> None:
        data = {"items": [], "files": [str(path)], "dragOperationsMask": 1}
        for kind in ("dragEnter", "dragOver", "drop"): self.do("Input.dispatchDragEvent", type=kind, x=200, y=200, data=data)

    def close(self) -> None:
        with contextlib.suppress(ProcessLookupError): os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        for end in (self.out, self.into): os.close(end)


@contextlib.contextmanager
def page(song: Path, folder: Path) -> Iterator[tuple[Browser, str]]:
    "The page, served and opened."
    site = server(build(folder / "site", song))
    threading.Thread(target=site.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{site.server_port}/"
    browser = Browser(folder / "profile")
    try:
        try: browser.send("Browser.getVersion")
        except (RuntimeError, OSError) as e: raise Missing(f"Chromium does not start here: {e}") from e
        browser.open(url)
        yield browser, url
    finally:
        browser.close()
        site.shutdown()


def expected(session: ort.InferenceSession, card: dict, path: Path) -> dict[str, np.ndarray]:
    "What the network says in Python of the whole file at once: rows of point, low, high; and the curve without silence."
    y = load(path, sr=card["sr"]).samples
    rating, spread, second, curve, distance = session.run(None, {session.get_inputs()[0].name: y})
    half = spread * [card["interval"]["80"][d] for d in ("valence", "arousal")]
    levels = np.array([level(x, card["sr"]) for _, x in windows([y], card["sr"], card["window"], card["hop"])])
    loud = levels >= silence_below(levels.max())
    return {"song": np.stack([rating, rating - half, rating + half]).clip(-1, 1).T, "curve": np.column_stack([second, curve])[loud],
            "unlike": distance}


def same_as_python(browser: Browser, session: ort.InferenceSession, card: dict, downloads: Path,
                   path: Path, drop: bool = False) -> np.ndarray:
    "The page says what Python says, in numbers, in words and in the CSV that it saves."
    (browser.drop if drop else browser.give)(path)
    browser.wait(f"!document.getElementById('result').hidden && document.getElementById('song').textContent == {json.dumps(path.name)}")
    want = expected(session, card, path)
    shown = [SHOWN.match(browser.text(d)) for d in ("valence", "arousal")]
    assert [m[1] for m in shown] == ["valence", "arousal"], shown
    got = np.array([[float(x) for x in m.groups()[1:]] for m in shown])
    assert np.abs(got - want["song"]).max() <= TOLERANCE, f"{path.name}: {got.tolist()} in the page, {want['song'].tolist()} in Python"
    if abs(want["unlike"] - 1) > TOLERANCE:  # near 1 the decoders decide
        assert browser.js("document.getElementById('unlike').hidden") == (want["unlike"] <= 1), f"{path.name}: distance {want['unlike']}"
    assert browser.text("feels").removeprefix("most likely ") == QUADRANTS[quadrant(*got[:, 0])]
    browser.js("document.getElementById('csv').click()")
    saved, until = downloads / f"{path.stem}.curve.csv", time.monotonic() + 20
    while not saved.exists() and time.monotonic() < until: time.sleep(.05)
    rows = list(csv.DictReader(saved.open(newline="", encoding="utf-8")))
    curve = np.array([[float(r[k]) for k in ("second", "valence", "arousal")] for r in rows])
    assert curve.shape == want["curve"].shape, f"{path.name}: {curve.shape} in the page, {want['curve'].shape} in Python"
    same = path.suffix in (".wav", ".flac") and sf.info(path).samplerate == card["sr"]  # the samples are the same
    apart = np.abs(curve - want["curve"]).max()
    assert apart <= (1e-3 if same else TOLERANCE), f"{path.name}: curves differ by {apart}"
    assert browser.js("document.querySelectorAll('#curve .dot.valence').length") == len(rows)
    saved.unlink()
    return got


def files(folder: Path) -> dict[str, Path]:
    "Songs and what is none."
    song, sr, made = piece(.6, .5, seconds=23).samples, 22050, {}
    pause = np.concatenate([piece(-.7, -.7, seed=5, seconds=17).samples, np.zeros(11 * sr, "f4"), song])
    nan = song[:5 * sr].copy()
    nan[1000] = np.nan
    sounds = {"song.wav": song, "song.mp3": song, "song.ogg": song, "song.flac": song, "pause.wav": pause, LONG: song[:3 * sr],
              "short.wav": song[:sr // 2], "silent.wav": np.zeros(5 * sr, "f4"), "nan.wav": nan, "unknown.aiff": song[:5 * sr],
              "hum.wav": .3 * np.sin(2 * np.pi * 50 * np.arange(12 * sr) / sr)}
    for name, y in sounds.items():
        made[name] = folder / name
        sf.write(made[name], y, sr, subtype="FLOAT" if name == "nan.wav" else None)
    stereo = np.random.default_rng(0).normal(size=(12 * 44100, 2)) * [.2, .02]
    sf.write(folder / "stereo.wav", np.cumsum(stereo, 0) % 1 - .5, 44100)
    sf.write(folder / "inverted.wav", np.stack([song, -.9 * song], 1), sr, subtype="FLOAT")
    for name, data in {"broken.mp3": os.urandom(20000), "empty.mp3": b"", "cut.wav": made["song.wav"].read_bytes()[:40]}.items():
        (folder / name).write_bytes(data)
    return made | {p.name: p for p in folder.iterdir()}


def clip_of_deam() -> Path | None:
    "A clip of DEAM, if it is here."
    return next(iter(sorted(Path(d, "DEAM/DEAM_audio/MEMD_audio").glob("1*.mp3"))), None) if (d := os.environ.get("SENTIO_DATA")) else None


def fits(browser: Browser, widths: tuple[int, ...] = (390, 820, 1440), shots: Path | None = None) -> None:
    "Nothing is wider than the window, in both themes."
    for theme in ("light", "dark"):
        browser.do("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": theme}])
        for width in widths:
            browser.do("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=width < 500)
            time.sleep(.15)
            wide = browser.js("[...document.querySelectorAll('body *')]"
                              f".filter(e => e.getBoundingClientRect().right > {width} + .5).map(e => e.outerHTML)")
            scroll = browser.js("document.documentElement.scrollWidth")  # innerWidth itself grows on a phone, with what is too wide
            assert scroll <= width and not wide, f"{theme}, {width} px: {scroll} px, {wide}"
            if shots:
                size = browser.do("Page.getLayoutMetrics")["cssContentSize"]
                png = browser.do("Page.captureScreenshot", captureBeyondViewport=True, clip=size | {"scale": 1})["data"]
                (shots / f"{theme}-{width}.png").write_bytes(base64.b64decode(png))
    browser.do("Emulation.clearDeviceMetricsOverride")


def numbers(browser: Browser, song: Path, made: dict[str, Path], downloads: Path) -> None:
    "Every file gives Python's numbers, and all formats of one piece the same."
    card, session = json.loads(song.with_suffix(".json").read_text()), ort.InferenceSession(song, providers=["CPUExecutionProvider"])
    browser.send("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(downloads))
    hears = partial(same_as_python, browser, session, card, downloads)
    wav = hears(made["song.wav"], drop=True)
    for name in ("song.mp3", "song.ogg", "song.flac"):
        other = hears(made[name])
        assert np.abs(other - wav).max() <= 2 * TOLERANCE, f"{name}: {other.tolist()}, wav: {wav.tolist()}"
    for path in (clip_of_deam(), made["stereo.wav"], made[LONG], made["pause.wav"], made["hum.wav"], made["inverted.wav"]):
        if path: hears(path)
        if path == made[LONG]: fits(browser, (390,))


def messages(browser: Browser, made: dict[str, Path]) -> None:
    "What is no song is told by name, and leaves no result on the page."
    for name, words in {"broken.mp3": "is not audio", "empty.mp3": "is empty", "cut.wav": "begins like WAV", "nan.wav": "NaN",
                        "unknown.aiff": "begins like AIFF", "short.wav": "at least one second", "silent.wav": "is silence"}.items():
        browser.give(made[name])
        said = browser.wait(f"(t => t.includes('{name}') && t)(document.getElementById('problem').textContent)", 20)
        assert words in said, f"{name}: {said}"
        assert browser.js("document.getElementById('result').hidden && document.getElementById('work').hidden")


def controls(browser: Browser, made: dict[str, Path]) -> None:
    "The Enter key opens the file chooser; Cancel ends the work."
    browser.give(made["song.wav"])
    browser.wait("!document.getElementById('work').hidden")
    browser.js("document.getElementById('cancel').click()")
    assert browser.text("status") == "Cancelled." and browser.js("document.getElementById('result').hidden")
    browser.do("Page.setInterceptFileChooserDialog", enabled=True)
    browser.js("document.getElementById('choose').focus()")
    for kind in ("keyDown", "keyUp"): browser.do("Input.dispatchKeyEvent", type=kind, key="Enter", windowsVirtualKeyCode=13, text="\r")
    browser.js("new Promise(done => setTimeout(done, 100))")
    assert "Page.fileChooserOpened" in [e["method"] for e in browser.events], "the Enter key opens no file chooser"


def keeps_to_itself(browser: Browser, url: str) -> None:
    "Page and worker asked nobody but the page's own server, and nothing went wrong on the way."
    asked = [e["params"]["request"] for e in browser.events if e["method"] == "Network.requestWillBeSent"]
    assert any(a["url"].endswith(".wasm") for a in asked), "the worker is not watched"
    assert all(a["url"].startswith((url, f"blob:{url}", "data:")) and a["method"] == "GET" for a in asked), asked
    wrong = [e["params"] for e in browser.events if e["method"] in ("Runtime.exceptionThrown", "Log.entryAdded")]
    assert not wrong, wrong


def check(song: Path, folder: Path, shots: Path | None = None) -> None:
    "All of it."
    made, downloads = files(folder), folder / "downloads"
    downloads.mkdir()
    with page(song, folder) as (browser, url):
        fits(browser, (390,))
        numbers(browser, song, made, downloads)
        browser.js("document.getElementById('player').currentTime = 6")
        browser.wait("document.querySelector('#curve .playhead').getBBox().x > 40")
        fits(browser, shots=shots)
        for name in ("valence", "arousal", "accent"):
            assert browser.js(f"getComputedStyle(document.body).getPropertyValue('--{name}')") == PALETTE[name], name
        messages(browser, made)
        controls(browser, made)
        keeps_to_itself(browser, url)


if __name__ == "__main__":
    where = Path(sys.argv[sys.argv.index("--shots") + 1]) if "--shots" in sys.argv else None
    if where: where.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as tmp:
        try: check(student(), Path(tmp), where)
        except Missing as e: print(e, file=sys.stderr)
        else: sys.exit()
    sys.exit(77)
