// The network, off the page's thread. In: {samples, card}. Out: {heard: share}, again and again, then {rows} or {error}.
import * as ort from './ort.wasm.bundle.min.mjs';

const SLACK = .1;   // seconds that a song may have beyond its last window, as in sentio/audio.py
const FRAMES = 21;  // a second, as there

ort.env.wasm.numThreads = 1;  // more would need headers that a static site cannot send
const network = ort.InferenceSession.create('model.onnx', {logSeverityLevel: 3});

// Where each window begins, in samples: sentio.audio.windows. A song shorter than a window is one window; the network repeats it.
function beginnings(length, {sr, window, hop}) {
  const n = Math.round(window * sr), step = Math.round(hop * sr), starts = [];
  while (starts.length * step + n <= length) starts.push(starts.length * step);
  if (!starts.length || length - starts.at(-1) - n > Math.round(SLACK * sr)) starts.push(Math.max(0, length - n));
  return starts;
}

// Mean standard deviation of the frames of a window: sentio.audio.level.
function level(y, sr) {
  const n = Math.max(1, Math.min(y.length, Math.round(sr / FRAMES)));
  let sum = 0, frames = 0;
  for (let i = 0; i + n <= y.length; i += n, frames++) {
    const frame = y.subarray(i, i + n), mean = frame.reduce((s, x) => s + x, 0) / n;
    sum += Math.sqrt(frame.reduce((s, x) => s + (x - mean) ** 2, 0) / n);
  }
  return sum / frames;
}

// One window at a time: memory stays flat. The page leaves out those whose level is silence beside the loudest.
async function hear(samples, card) {
  const session = await network, starts = beginnings(samples.length, card), rows = [];
  for (const start of starts) {
    const y = samples.slice(start, start + Math.round(card.window * card.sr));
    const out = await session.run({[session.inputNames[0]]: new ort.Tensor('float32', y, [y.length])});
    const [rating, spread, second, distance] = ['rating', 'spread', 'second', 'distance'].map(name => Array.from(out[name]?.data ?? [NaN]));
    rows.push({second: start / card.sr + second[0], level: level(y, card.sr), rating, spread, distance: distance[0]});
    postMessage({heard: rows.length / starts.length});
  }
  return rows;
}

onmessage = ({data: {samples, card}}) =>
  hear(samples, card).then(rows => postMessage({rows}), error => postMessage({error: String(error)}));
