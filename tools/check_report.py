"""The report's one HTML file in a real headless Chromium: on a phone and on a wide screen, light and dark, nothing overflows and all
text is readable; charts answer to pointer and keys, weights that are moved put the models in another order, and no name runs as a script.

    python tools/check_report.py                     on a few recorded runs; exit 77 where Chromium is missing
    python tools/check_report.py FILE --shots FOLDER of this HTML file, and pictures of it
"""
import base64
import json
import sys
import tempfile
import time
from pathlib import Path

from check_web import Browser
from pages import copy_runs
from web import Missing

WIDTHS, THEMES = (390, 820, 1440), ("light", "dark")
RUNS = ("tagger-fcn", "ridge+xgboost-harmony", "ridge-harmony", "ridge")
OUTSIDE = """(() => {  // what reaches over the edge of the page, and does not lie in something that scrolls
  const wide = document.documentElement.clientWidth;
  const scrolls = e => e && (['auto', 'scroll', 'hidden'].includes(getComputedStyle(e).overflowX) || scrolls(e.parentElement));
  return [...document.querySelectorAll('body *')].filter(e => e.getBoundingClientRect().right > wide + 1 && !scrolls(e))
    .map(e => `${e.tagName} ${e.className}`).slice(0, 5);
})()"""
CONTRAST = """(() => {  // of the page's text and links with its background
  const linear = x => x <= .04045 ? x/12.92 : ((x + .055)/1.055)**2.4;
  const light = c => { const [r, g, b] = c.match(/[\\d.]+/g).slice(0, 3).map(x => linear(x/255)); return .2126*r + .7152*g + .0722*b; };
  const paper = light(getComputedStyle(document.body).backgroundColor);
  return ['p', 'td', 'nav a', '.sentio-chart text'].map(s => {
    const e = document.querySelector(s), ink = light(getComputedStyle(e)[s.endsWith('text') ? 'fill' : 'color']);
    return (Math.max(ink, paper) + .05)/(Math.min(ink, paper) + .05); });
})()"""


def look(browser: Browser, width: int, theme: str) -> None:
    "Make the window so wide and the system's theme so."
    browser.do("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False)
    browser.do("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": theme}])


def fits(browser: Browser, shots: Path | None = None) -> None:
    "At every width and in both themes nothing overflows, and text stands out by 4.5 to 1 (WCAG AA)."
    papers = set()
    for theme in THEMES:
        for width in WIDTHS:
            look(browser, width, theme)
            assert not (over := browser.js(OUTSIDE)), f"{width} px: {over}"
            assert browser.js("(d => d.scrollWidth <= d.clientWidth)(document.documentElement)"), f"{width} px: the page scrolls"
            assert min(ratios := browser.js(CONTRAST)) >= 4.5, f"{theme}: {ratios}"
            if shots: shoot(browser, shots / f"{theme}-{width}.png")
        papers.add(browser.js("getComputedStyle(document.body).backgroundColor"))
    assert len(papers) == 2, f"both themes have the same background: {papers}"


def shoot(browser: Browser, path: Path) -> None:
    "A picture of the whole page."
    height = browser.js("document.documentElement.scrollHeight")
    clip = dict(x=0, y=0, width=browser.js("innerWidth"), height=min(height, 30_000), scale=1)
    path.write_bytes(base64.b64decode(browser.do("Page.captureScreenshot", clip=clip, captureBeyondViewport=True)["data"]))


def answers(browser: Browser) -> None:
    "A point says what it is when it is pointed at; arrow keys go from point to point; Escape ends it."
    said = browser.js("document.querySelector('.sentio-chart circle title').textContent")
    browser.js("document.querySelector('.sentio-chart').scrollIntoView({block: 'center'})")
    box = browser.js("(b => [b.x + b.width/2, b.y + b.height/2])(document.querySelector('.sentio-chart circle').getBoundingClientRect())")
    browser.do("Input.dispatchMouseEvent", type="mouseMoved", x=box[0], y=box[1])
    tip = browser.wait("(t => t && !t.hidden && t.textContent)(document.getElementById('sentio-tip'))", 5)
    assert tip == said, f"pointed at {said!r}, it says {tip!r}"
    browser.js("document.querySelector('.sentio-chart').focus()")
    told = []
    for key in ("ArrowRight", "ArrowRight", "Escape"):
        browser.do("Input.dispatchKeyEvent", type="keyDown", key=key)
        told.append(browser.js("(t => t.hidden ? '' : t.textContent)(document.getElementById('sentio-tip'))"))
    assert told[0] and told[1] and told[0] != told[1] and not told[2], f"keys say {told}"


def weighs(browser: Browser) -> None:
    "The matrix is complete without script's help, and moved weights order it anew by the marks that it holds."
    rows = json.loads(browser.js("JSON.stringify([...document.querySelectorAll('.sentio-decision tbody tr')].map(r => "
                                 "[r.cells[0].textContent, JSON.parse(r.dataset.marks)]))"))
    first = "document.querySelector('.sentio-decision tbody tr').cells[0].textContent"
    for key in ("ccc", "mb"):
        browser.js(f"document.querySelectorAll('.sentio-decision input').forEach(s => s.value = s.dataset.key == '{key}' ? 50 : 0)")
        browser.js("document.querySelector('.sentio-decision input').dispatchEvent(new Event('input', {bubbles: true}))")
        best = max(rows, key=lambda r: r[1][key])[0]
        assert browser.js(first) == best, f"by {key} alone {best} is first, and the page says {browser.js(first)}"
        assert best in browser.js("document.querySelector('.sentio-decision .winner').textContent")
    unnamed = browser.js("[...document.querySelectorAll('.sentio-decision input')].filter(s => !s.labels.length).length")
    assert not unnamed, "a slider has no label"


def hostile(folder: Path) -> None:
    "Name and annotate two of the runs as nobody should."
    from dataclasses import replace

    from sentio.results import read_runs, write_run
    first, *_, last = read_runs(folder)
    tag = "<script>window.ran = 1</script>"
    notes = dict(pretrained=tag, hardware=tag, config=first.record["config"] | {"note": tag})
    write_run(replace(first, record=first.record | notes | {"model": f'best"><img src=x onerror="window.ran = 1">{tag}'}))
    write_run(replace(last, record=last.record | {"model": f"</td></title></svg>{tag}[x](javascript:alert(1))|`{tag}"}))


def stays_text(browser: Browser) -> None:
    "Names that hold a script are shown and not run, and the page's own scripts are the only ones."
    assert browser.js("typeof window.ran") == "undefined", f"a name ran as a script: {browser.js('window.ran')}"
    assert browser.js("document.body.textContent.includes('<script>window.ran')"), "the hostile name is not shown"
    own = r"/^\s*(\(\(\) =>|for \(const box)/"
    scripts = browser.js(f"[...document.scripts].map(s => s.textContent).filter(s => !{own}.test(s))")
    assert not scripts, scripts
    handlers = "[...document.querySelectorAll('*')].flatMap(e => [...e.attributes]).filter(a => a.name.startsWith('on')).length"
    assert not browser.js(handlers), "an element has a handler of its own"
    assert not browser.js("[...document.links].filter(a => !/^(https|file):/.test(a.href)).map(a => a.href)")
    browser.js("document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=\"window.ran = 2\">')")
    browser.js("(s => { s.textContent = 'window.ran = 3'; document.body.append(s); })(document.createElement('script'))")
    time.sleep(.3)
    assert browser.js("typeof window.ran") == "undefined", "the page's policy lets a foreign script run"


def asks_nobody(browser: Browser) -> None:
    "The file needs no network, and nothing went wrong on the way."
    asked = [e["params"]["request"]["url"] for e in browser.events if e["method"] == "Network.requestWillBeSent"]
    assert asked and not [a for a in asked if not a.startswith(("file:", "data:"))], asked
    wrong = [e["params"] for e in browser.events if e["method"] in ("Runtime.exceptionThrown", "Log.entryAdded")]
    assert not wrong, wrong


def check(file: Path, folder: Path, shots: Path | None = None, named: bool = False) -> None:
    "All of it."
    browser = Browser(folder / "profile")
    try:
        try: browser.send("Browser.getVersion")
        except (RuntimeError, OSError) as e: raise Missing(f"Chromium does not start here: {e}") from e
        browser.open(file.resolve().as_uri(), ready="document.querySelector('.sentio-decision form:not([hidden])')")
        fits(browser, shots)
        look(browser, WIDTHS[0], THEMES[0])
        answers(browser)
        weighs(browser)
        asks_nobody(browser)
        if named: stays_text(browser)
    finally: browser.close()


def main(args: list[str]) -> int:
    "Check the file that is named, or one made of a few runs."
    from sentio.report import render
    shots = Path(args.pop(args.index("--shots") + 1)) if "--shots" in args else None
    files = [Path(a) for a in args if a != "--shots"]
    if shots: shots.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as tmp:
        if not files: copy_runs(Path(tmp), RUNS)
        try:
            check(files[0] if files else render(Path(tmp, "report.html"), tmp), Path(tmp), shots)
            if not files:
                hostile(Path(tmp))
                check(render(Path(tmp, "hostile.html"), tmp), Path(tmp), named=True)
        except Missing as e:
            print(e, file=sys.stderr)
            return 77
    return 0


if __name__ == "__main__": sys.exit(main(sys.argv[1:]))
