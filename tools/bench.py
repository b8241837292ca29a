#!/usr/bin/env python3
"""Speed of Sentio beside its references: one thread where nothing else is said, one run.

The two sides of a row take turns (A B A B ...), so that a busy machine slows both; the ratios are those of
the medians and of the minima. Nothing here is a test: times differ from machine to machine."""
# ruff: noqa: E402
import os

for _name in ('OMP', 'OPENBLAS', 'MKL', 'NUMBA'): os.environ[f'{_name}_NUM_THREADS'] = '1'

import argparse
import importlib.metadata
import platform
import resource
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from statistics import median

import numpy as np
import soundfile as sf

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
SR = 22_050
HEAVY = ('torch', 'librosa', 'matplotlib', 'pandas', 'sklearn', 'xgboost')
Timed = Callable[[], object]


def music(seconds: float, sr: int = SR, channels: int = 1) -> np.ndarray:
    "Chords of decaying harmonics over a little noise, shape (n,) or (n, channels), float32."
    t, rng = np.arange(int(seconds*sr))/sr, np.random.default_rng(0)
    y = rng.normal(size=len(t))*0.003
    for beat in range(int(seconds*2)):
        at = t[t >= beat/2] - beat/2
        for midi in ((48, 60, 64, 67), (43, 59, 62, 67), (45, 60, 64, 69), (41, 57, 60, 65))[beat//4 % 4]:
            f = 440*2**((midi - 69)/12)
            y[-len(at):] += sum(np.sin(2*np.pi*f*k*at)*np.exp(-(3 + k)*at)/k for k in range(1, 9))*0.05
    return (y if channels == 1 else np.stack([y, 0.8*y + rng.normal(size=len(t))*0.003], 1)).astype(np.float32)


def interleaved(ours: Timed, theirs: Timed, repeats: int) -> tuple[list[float], list[float]]:
    "Seconds of both, in turns, after one unmeasured call each."
    times: tuple[list[float], list[float]] = [], []
    for i in range(repeats + 1):
        for f, found in zip((ours, theirs), times, strict=True):
            start = time.perf_counter()
            f()
            if i: found.append(time.perf_counter() - start)
    return times


def row(name: str, ours: Timed, theirs: Timed, repeats: int) -> None:
    "One line: medians in ms (minima), and how many times longer the reference takes."
    a, b = interleaved(ours, theirs, repeats)
    cells = [f'{median(x)*1e3:8.1f} ({min(x)*1e3:7.1f})' for x in (a, b)]
    print(f'{name:22}{cells[0]:>19}{cells[1]:>19}{median(b)/median(a):8.2f}x {min(b)/min(a):8.2f}x', flush=True)


def librosa_features(y: np.ndarray) -> list[np.ndarray]:
    "The 38 rows of the 164 features that librosa has, function by function, with defaults."
    import librosa
    f = librosa.feature
    return [f.mfcc(y=y, sr=SR, n_mfcc=13), f.spectral_centroid(y=y, sr=SR), f.spectral_rolloff(y=y, sr=SR),
            f.spectral_bandwidth(y=y, sr=SR), f.spectral_contrast(y=y, sr=SR), f.zero_crossing_rate(y),
            f.rms(y=y), librosa.onset.onset_strength(y=y, sr=SR), f.chroma_stft(y=y, sr=SR, tuning=0.)]


def librosa_harmony(y: np.ndarray) -> list[np.ndarray]:
    "What librosa has of the 60 features on key, chords and beat, with defaults: tonal centroids of a constant-Q chroma, tuning, tempo."
    import librosa
    return [librosa.feature.tonnetz(y=y, sr=SR), np.array(librosa.estimate_tuning(y=y, sr=SR)), librosa.feature.tempo(y=y, sr=SR)]


def compute(repeats: int) -> None:
    "Spectrogram and features against librosa."
    import librosa

    from sentio.features import features
    from sentio.harmony import harmony
    from sentio.spectrogram import log_mel
    def reference(y: np.ndarray) -> np.ndarray:
        return librosa.power_to_db(librosa.feature.melspectrogram(y=y, sr=SR, fmin=20, fmax=8000))
    for seconds in (10, 30):
        y = music(seconds)
        row(f'log-mel, {seconds} s', lambda y=y: log_mel(y), lambda y=y: reference(y), repeats)  # type: ignore[misc]
    y = music(10)
    row('164 features, 10 s', lambda: features(y), lambda: librosa_features(y), repeats)
    row('60 of harmony, 10 s', lambda: harmony(y), lambda: librosa_harmony(y), repeats)


def decode(path: Path, repeats: int) -> None:
    "Decoding against librosa.load."
    import librosa

    from sentio.audio import load
    row('decode mp3, 30 s', lambda: load(path, sr=SR), lambda: librosa.load(path, sr=SR), repeats)


def models_beside_decoding(path: Path, repeats: int) -> None:
    "What each shipped model takes for a clip, from samples to ratings, against decoding that clip."
    from sentio.audio import load
    from sentio.predict import model_path, models, open_session, ratings, read_card
    y = load(path, sr=SR).samples
    print(f'{"a clip of 10 s":22}{"model":>19}{"its decoding":>19}{"ratio":>9}{"(min)":>10}')
    for name in models():
        session, card = open_session(model_path(name)), read_card(model_path(name))
        row(name, lambda s=session, c=card: ratings([y], s, c), lambda: load(path, sr=SR), repeats)  # type: ignore[misc]


def lengths(folder: Path, repeats: int) -> None:
    "Decoding, log-mel and network for mp3s of several lengths, by the student alone."
    from sentio.audio import load
    from sentio.predict import heard, model_path, open_session, ratings, read_card
    session, card = open_session(model_path("student")), read_card(model_path("student"))
    print(f'{"student, stereo mp3":22}{"decode, ms":>12}{"mel":>9}{"network":>9}{"total":>9}{"mel + network / decode":>24}')
    for seconds in (10, 30, 45, 300):
        path = folder/f'{seconds}.mp3'
        sf.write(path, np.tile(music(min(seconds, 30), 44_100, 2), (-(-seconds//30), 1))[:seconds*44_100], 44_100)
        y = load(path, sr=SR).samples
        def mels(y: np.ndarray = y) -> object: return list(heard([y], card))
        decoding, mel_alone = interleaved(lambda path=path: load(path, sr=SR), mels, max(3, repeats//3))  # type: ignore[misc]
        hearing, _ = interleaved(lambda y=y: ratings([y], session, card), mels, max(3, repeats//3))  # type: ignore[misc]
        decode, mel, both = (median(x)*1e3 for x in (decoding, mel_alone, hearing))
        print(f'{f"{seconds} s":22}{decode:12.1f}{mel:9.1f}{both - mel:9.1f}{decode + both:9.1f}{both/decode:24.2f}', flush=True)


def lite(folder: Path) -> Timed | None:
    "A window in LiteRT, picture inside; none where its converter is not installed."
    import torch

    from sentio.formats import LiteRT, window_network
    if not find_spec(LiteRT.needs): return None
    window = music(5)[None]
    LiteRT.write(window_network(), torch.from_numpy(window), folder/'student.tflite')
    run = LiteRT.load(folder/'student.tflite')
    return lambda: run(window)


def forms(folder: Path, repeats: int) -> None:
    "A window of the student in several forms, each in turns with ONNX fp32."
    import onnx
    import torch

    from sentio.formats import MEL, halved, log_mels, quantise, window_model, window_network
    from sentio.predict import model_path, open_session
    from sentio.presets import songs
    path = model_path('student')
    pictures = [p[None, :, :216].astype(np.float32) for p in log_mels(songs().path[:40], MEL)]
    mel, shipped, eager = np.stack(pictures), onnx.load(path), window_network()[1]  # type: ignore[index]
    made, sound = {'fp16': halved(shipped), 'INT8': quantise(shipped, mel)}, open_session(window_model(path).SerializeToString())
    window, plain = mel[:1], open_session(path)
    def fp32() -> object: return plain.run(None, {'mel': window})
    with torch.no_grad():
        row('eager torch', lambda: eager(torch.from_numpy(window)), fp32, repeats)
        for name, model in made.items():
            session = open_session(model.SerializeToString())
            row(f'ONNX {name}', lambda s=session: s.run(None, {'mel': window}), fp32, repeats)  # type: ignore[misc]
    cores = os.cpu_count() or 1
    several = open_session(path, threads=cores)
    row(f'ONNX fp32, {cores} threads', lambda: several.run(None, {'mel': window}), fp32, repeats)
    samples = music(5)[None]
    def from_samples() -> object: return sound.run(None, {'samples': samples})
    row('  picture inside', from_samples, fp32, repeats)
    if run := lite(folder): row('LiteRT, picture inside', run, from_samples, repeats)
    else: print('LiteRT: not run here, litert-torch is not installed (make mobile)')


def album(folder: Path, files: int) -> None:
    "Songs per second and memory of a folder of clips, with one and with two files heard at the same time."
    from sentio.curve import cost
    clips = [folder/f'clip-{i}.mp3' for i in range(files)]
    for clip in clips: clip.write_bytes((folder/'clip.mp3').read_bytes())
    print(f'{f"{files} clips of 10 s, mp3":22}{"songs a second":>19}{"predicting, MB":>19}{"decoding, MB":>19}')
    for workers in (1, 2):
        c = cost(clips, workers)
        print(f'{f"{workers} at a time":22}{files/c["took"]:19.1f}{c["own_mb"]:19.0f}{c["decoders_mb"]:19.0f}', flush=True)


def cold(code: str, *args: str) -> float:
    "Seconds of a fresh interpreter that runs `code`."
    start = time.perf_counter()
    subprocess.run([sys.executable, '-c', code, *args], check=True, capture_output=True)
    return time.perf_counter() - start


def predict(path: Path, repeats: int) -> None:
    "A cold `sentio predict` of one file, beside an interpreter that only imports numpy; and what it imports."
    run = 'import sys; from sentio.cli import main; main(["predict", sys.argv[1]])\n'
    listed = subprocess.run([sys.executable, '-c', run + f'print("\\n", *[m for m in {HEAVY} if m in sys.modules])', path],
                            check=True, capture_output=True, text=True).stdout.splitlines()[-1].split()
    times = [cold(run, str(path)) for _ in range(repeats)]
    bare = [cold('import numpy') for _ in range(repeats)]
    cell = f'{median(times)*1e3:8.1f} ({min(times)*1e3:7.1f})'
    print(f'{"cold predict, 10 s":22}{cell:>19}   (python with numpy alone: {median(bare)*1e3:.0f})')
    print(f'{"  it imports":24}{" ".join(listed) or "none"} of {" ".join(HEAVY)}')


def long_file(hours: float, folder: Path) -> None:
    "Time and peak memory of `sentio predict` on a file of some hours."
    minute = music(60)
    with sf.SoundFile(folder/'hours.flac', 'w', SR, 1) as f:
        for _ in range(round(hours*60)): f.write(minute)
    start = time.perf_counter()
    code = 'import sys; from sentio.cli import main; sys.exit(main(["predict", sys.argv[1], "--csv", "--curve", "-o", sys.argv[2]]))'
    subprocess.run([sys.executable, '-c', code, folder/'hours.flac', folder/'out.csv'], check=True)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss/(1024 if sys.platform != 'darwin' else 1024**2)
    windows = len((folder/'out.curve.csv').read_text().splitlines()) - 1
    print(f'{hours:g} h of audio: {windows} windows, {time.perf_counter() - start:.0f} s, largest process {peak:.0f} MB')


def main() -> None:
    "The whole table, or one long file."
    args = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    args.add_argument('repeats', nargs='?', type=int, default=15, help='turns a row (default: 15)')
    args.add_argument('--clips', type=int, default=500, help='files in the folder that is predicted (default: 500)')
    args.add_argument('--hours', type=float, help='instead: predict one file of so many hours, and print time and peak memory')
    given = args.parse_args()
    warnings.filterwarnings('ignore')
    with tempfile.TemporaryDirectory() as folder:
        if given.hours: return long_file(given.hours, Path(folder))
        versions = ', '.join(f'{p} {importlib.metadata.version(p)}' for p in ('numpy', 'librosa'))
        print(f'one thread, {given.repeats} turns; Python {platform.python_version()}, {versions}')
        print(f'{"median (minimum), ms":22}{"sentio":>19}{"librosa":>19}{"ratio":>9}{"(min)":>10}')
        long, short, clip = (Path(folder)/f'{name}.mp3' for name in ('long', 'short', 'clip'))
        sf.write(long, music(30, 44_100, 2), 44_100)
        sf.write(clip, music(10, 44_100, 2), 44_100)
        sf.write(short, music(10), SR)
        compute(given.repeats)
        decode(long, given.repeats)
        models_beside_decoding(clip, given.repeats)
        lengths(Path(folder), given.repeats)
        print(f'{"a window of 5 s, ms":22}{"form":>19}{"ONNX fp32":>19}{"ratio":>9}{"(min)":>10}')
        forms(Path(folder), given.repeats)
        album(Path(folder), given.clips)
        predict(short, max(3, given.repeats//3))


if __name__ == '__main__': main()
