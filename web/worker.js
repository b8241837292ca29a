// The network, off the page's thread. In: {samples, card}. Out: {heard: share}, again and again, then {rows} or {error}.
import * as ort from './ort.wasm.bundle.min.mjs';

const SLACK = .1;  // seconds that a song may have beyond its last window, as in sentio/audio.py

ort.env.wasm.numThreads = 1;  // more would need headers that a static site cannot send
const network = ort.InferenceSession.create('model.onnx', {logSeverityLevel: 3});

// Where each window begins, in samples: sentio.audio.windows. A song shorter than a window is one window; the network repeats it.
function beginnings(length, {sr, window, hop}) {
  const n = Math.round(window * sr), step = Math.round(hop * sr), starts = [];
  while (starts.length * step + n <= length) starts.push(starts.length * step);
  if (!starts.length || length - starts.at(-1) - n > Math.round(SLACK * sr)) starts.push(Math.max(0, length - n));
  return starts;
}

// One window at a time: memory stays flat, and the network itself says which windows are silent (NaN).
async function hear(samples, card) {
  const session = await network, starts = beginnings(samples.length, card), rows = [];
  for (const start of starts) {
    const y = samples.slice(start, start + Math.round(card.window * card.sr));
    const out = await session.run({[session.inputNames[0]]: new ort.Tensor('float32', y, [y.length])});
    const [rating, spread, second, distance] = ['rating', 'spread', 'second', 'distance'].map(name => Array.from(out[name]?.data ?? [NaN]));
    rows.push({second: start / card.sr + second[0], rating, spread, distance: distance[0]});
    postMessage({heard: rows.length / starts.length});
  }
  return rows;
}

onmessage = ({data: {samples, card}}) =>
  hear(samples, card).then(rows => postMessage({rows}), error => postMessage({error: String(error)}));
