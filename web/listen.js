// A file becomes samples, the worker makes ratings of them, and the page shows those. Nothing leaves the page.
import {drawCurve, drawPlane, clock} from './draw.js';

const SHORTEST = 1, LONGEST = 30 * 60;  // seconds; the browser decodes a whole file at once, so there is an end
const LOUDEST = 100;                    // of full scale, as in sentio/audio.py
const SILENCE = 10 ** (-90 / 20), FAINT = 10 ** (-70 / 20), BELOW = 10 ** (-45 / 20);  // levels, as there
const QUADRANTS = {Q1: 'happy, excited', Q2: 'angry, tense', Q3: 'sad, gloomy', Q4: 'calm, content'};
const DIMENSIONS = {valence: ['unpleasant', 'pleasant'], arousal: ['calm', 'energetic']};
const KINDS = {  // how files begin, byte for byte as Latin-1
  MP3: /^(ID3|\xff[\xe2-\xe7\xf2-\xf7\xfa-\xff])/, WAV: /^(RIFF|RF64)/, Ogg: /^OggS/, FLAC: /^fLaC/, 'M4A or MP4': /^....ftyp/s,
  AIFF: /^FORM/, AAC: /^\xff[\xf1\xf9]/, 'WMA or WMV': /^\x30\x26\xb2\x75/, AMR: /^#!AMR/, CAF: /^caff/, AU: /^\.snd/,
  APE: /^MAC /, WavPack: /^wvpk/, 'WebM or Matroska': /^\x1a\x45\xdf\xa3/, MIDI: /^MThd/,
};

const $ = id => document.getElementById(id);
const card = fetch('model.json').then(answer => answer.json());
let stop = null;    // ends what is going on; null: nothing is
let shown = null;   // the result on the page

class Problem extends Error {}  // what a visitor is told

// ---- from a file to samples

async function kindOf(file) {
  const start = String.fromCharCode(...new Uint8Array(await file.slice(0, 16).arrayBuffer()));
  return Object.keys(KINDS).find(kind => KINDS[kind].test(start));
}

// Length as the file's header tells it; NaN where it does not.
function announced(url) {
  return new Promise(resolve => {
    const audio = new Audio();
    audio.preload = 'metadata';
    audio.onloadedmetadata = () => resolve(audio.duration);
    audio.onerror = () => resolve(NaN);
    setTimeout(resolve, 3000, NaN);
    audio.src = url;
  });
}

// Which channels carry the music: not the silent ones, nor those out of phase with a stronger one. The rule of sentio.audio.Mix,
// by pieces of half a second, over the first half minute of sound.
const OUT_OF_PHASE = -.6, SHARE = 1 / 3, DEAD = 1e-3, COMPARED = 30;

function used(channels, sr) {
  const n = channels.length, all = [...channels.keys()], size = Math.round(sr / 2), power = all.map(() => 0);
  const both = all.map(() => all.map(() => 0)), apart = all.map(() => all.map(() => 0));
  for (let at = 0, sound = 0; at < channels[0].length && sound < COMPARED * sr; at += size) {
    const pieces = channels.map(y => y.subarray(at, at + size)), means = pieces.map(y => mean([...y])), m = pieces[0].length;
    const together = (a, b) => pieces[a].reduce((sum, x, i) => sum + (x - means[a]) * (pieces[b][i] - means[b]), 0) / m;
    const p = all.map(c => together(c, c)), least = Math.max(SILENCE ** 2, DEAD * Math.max(...p));
    if (p.some(x => x > least)) sound += m;
    all.forEach(c => { power[c] += p[c] * m; });
    const weight = m * Math.sqrt(mean(p)), pairs = all.flatMap(a => all.slice(a + 1).map(b => [a, b]));
    for (const [a, b] of pairs.filter(([a, b]) => p[a] > least && p[b] > least)) {
      both[a][b] = both[b][a] += weight;
      if (together(a, b) < OUT_OF_PHASE * Math.sqrt(p[a] * p[b])) apart[a][b] = apart[b][a] += weight;
    }
  }
  const most = Math.max(...power), step = c => Math.round(10 * Math.log10(power[c] / most + 1e-30));
  if (!most) return all;
  const order = all.filter(c => power[c] >= DEAD * most).sort((a, b) => step(b) - step(a) || a - b);
  return order.reduce((kept, c) => kept.some(k => both[c][k] > 0 && apart[c][k] >= SHARE * both[c][k]) ? kept : [...kept, c], []);
}

// The mean of the channels that carry the music.
function mono(buffer) {
  const all = Array.from({length: buffer.numberOfChannels}, (_, c) => buffer.getChannelData(c));
  if (all.length === 1) return all[0].slice();
  const kept = used(all, buffer.sampleRate).map(c => all[c]);
  return all[0].map((_, i) => kept.reduce((sum, y) => sum + y[i], 0) / kept.length);
}

function check(y, sr, name) {
  const seconds = y.length / sr;
  if (seconds < SHORTEST) throw new Problem(`“${name}” lasts ${seconds.toFixed(2)} s. Give at least one second of music.`);
  if (!y.every(x => Math.abs(x) <= LOUDEST))  // not so for NaN
    throw new Problem(`“${name}” has samples that are no sound (NaN, infinite or enormous). Export it again, best as 16-bit wav or flac.`);
}

const silent = (name, seconds) => `“${name}” is silence for all of its ${seconds.toFixed(1)} s. There is nothing to predict; check the recording.`;

async function decode(file, url, sr) {
  if (!file.size) throw new Problem(`“${file.name}” is empty. Copy or download it again.`);
  const seconds = await announced(url);
  if (seconds > LONGEST && seconds < Infinity)
    throw new Problem(`“${file.name}” lasts ${clock(seconds)}. A browser decodes a whole file at once, so this page takes up to ${LONGEST / 60} minutes; “sentio predict” takes any length.`);
  try {
    return mono(await new OfflineAudioContext(1, 1, sr).decodeAudioData(await file.arrayBuffer()));  // resamples, too
  } catch (error) {
    const kind = await kindOf(file);
    throw new Problem(kind
      ? `“${file.name}” begins like ${kind}, but this browser cannot decode it: it does not know the format, or the file is damaged. Convert it to mp3 or wav, or try another browser.`
      : `“${file.name}” is not audio, or in no format that this browser knows. Check that it plays, or convert it to mp3 or wav.`);
  }
}

// ---- from samples to a result

let worker = null;  // kept for the next song, ended with a song that is cancelled or fails

function hear(samples, settings, signal, progress) {
  worker ??= new Worker('worker.js', {type: 'module'});
  return new Promise((resolve, reject) => {
    signal.onabort = reject;
    worker.onerror = () => reject(new Problem('The network could not be loaded. Check the connection, then load the page again.'));
    worker.onmessage = ({data}) => {
      if (data.heard) progress(data.heard);
      if (data.rows) resolve(data.rows);
      if (data.error) reject(new Problem(`The network failed: ${data.error}`));
    };
    worker.postMessage({samples, card: settings}, [samples.buffer]);
  }).catch(error => {
    worker.terminate();
    worker = null;
    throw error;
  });
}

const clip = x => Math.min(1, Math.max(-1, x));
const mean = xs => xs.reduce((sum, x) => sum + x, 0) / xs.length;

// Mean over the windows that are not silent; an interval is the mean spread times the card's factor. `curve` has null where it is silent.
function summary(rows, {interval}, name, seconds) {
  const quiet = Math.min(FAINT, Math.max(SILENCE, BELOW * rows.reduce((most, row) => Math.max(most, row.level), 0)));  // silence_below
  const loud = row => row.level >= quiet && !row.rating.some(isNaN), heard = rows.filter(loud), result = {name, seconds, curve: []};
  if (!heard.length) throw new Problem(silent(name, seconds));
  result.unlike = mean(heard.map(row => row.distance)) > 1;  // the flag unlike_training of sentio.predict
  const range = (x, half) => ({at: x, low: clip(x - half), high: clip(x + half)});
  Object.keys(DIMENSIONS).forEach((d, i) => {
    const half = row => row.spread[i] * interval['80'][d];
    result[d] = range(mean(heard.map(row => row.rating[i])), mean(heard.map(half)));
    rows.forEach((row, k) => (result.curve[k] ??= {second: row.second})[d] = loud(row) ? range(row.rating[i], half(row)) : null);
  });
  return result;
}

// ---- words

const signed = x => (x < 0 ? '-' : '+') + Math.abs(x).toFixed(2);
const numbers = r => `${signed(r.at)} [${signed(r.low)}, ${signed(r.high)}]`;
const quadrant = ({valence: v, arousal: a}) => a.at >= 0 ? (v.at >= 0 ? 'Q1' : 'Q2') : (v.at >= 0 ? 'Q4' : 'Q3');

function words({at, low, high}, [less, more]) {
  const [here, there] = at >= 0 ? [more, less] : [less, more];
  return low * high > 0 ? `${here}: the whole interval is on this side` : `more ${here} than ${there}, but the interval holds both`;
}

// The corner of the plane; "most likely" where an interval reaches into another one.
function feeling(result) {
  const sure = Object.keys(DIMENSIONS).every(d => result[d].low * result[d].high > 0);
  return (sure ? '' : 'most likely ') + QUADRANTS[quadrant(result)];
}

function csv({name, curve}) {
  const quoted = /[",\n]/.test(name) ? `"${name.replaceAll('"', '""')}"` : name;
  const lines = curve.filter(p => p.valence).map(p => [quoted, p.second.toFixed(3), p.valence.at.toFixed(4), p.arousal.at.toFixed(4)].join());
  return ['path,second,valence,arousal', ...lines, ''].join('\n');
}

function describe(settings) {
  const {quality} = settings, figure = q => `${q.ccc.toFixed(2)} [${q.ccc_low.toFixed(2)}, ${q.ccc_high.toFixed(2)}]`;
  $('quality').textContent = `Agreement with the listeners' mean rating (CCC, ${quality.note}; 1 is perfect): `
    + `valence ${figure(quality.valence)}, arousal ${figure(quality.arousal)}, with 95 % intervals.`;
  $('licence').textContent = `Licence of the network: ${settings.licence}.`;
  $('run').textContent = settings.run;
}

// ---- the page

function show(result, settings, url) {
  const heard = result.curve.filter(p => p.valence).length;
  $('song').textContent = result.name;
  $('length').textContent = clock(result.seconds);
  $('feels').textContent = feeling(result);
  $('unlike').hidden = !result.unlike;
  for (const [d, ends] of Object.entries(DIMENSIONS)) {
    $(d).textContent = `${d} ${numbers(result[d])}`;
    $(`${d}-words`).textContent = words(result[d], ends);
  }
  $('windows').textContent = `${heard} window${heard === 1 ? '' : 's'} of ${settings.window} s`
    + (heard < result.curve.length ? `, ${result.curve.length - heard} silent ones left out` : '')
    + '. Band: the 80 % interval that each window alone would give.';
  $('csv').href = URL.createObjectURL(new Blob([csv(result)], {type: 'text/csv'}));
  $('csv').download = result.name.replace(/\.[^.]*$/, '') + '.curve.csv';
  $('player').src = url;
  $('result').hidden = false;
  if (document.activeElement === $('cancel')) $('feels').focus();
  shown = result;
  draw();
}

function draw() {
  if (!shown || !$('plane').clientWidth) return;
  drawPlane($('plane'), shown, QUADRANTS, DIMENSIONS, $('player').currentTime);
  drawCurve($('curve'), shown, DIMENSIONS, $('player').currentTime);
}

function clear() {
  for (const url of [$('player').src, $('csv').href]) URL.revokeObjectURL(url);
  $('player').removeAttribute('src');
  $('player').load();  // silence
  $('problem').hidden = $('result').hidden = true;
  shown = null;
}

async function listen(file) {
  stop?.();
  clear();
  const control = new AbortController(), url = URL.createObjectURL(file);
  stop = () => control.abort();
  const say = (text, share) => {
    if ($('status').textContent !== text) $('status').textContent = text;  // a screen reader says it once
    if (share === undefined) $('progress').removeAttribute('value'); else $('progress').value = share;
  };
  $('status').classList.remove('heard');
  $('work').hidden = false;
  say(`Decoding “${file.name}” …`);
  try {
    const settings = await card, samples = await decode(file, url, settings.sr), seconds = samples.length / settings.sr;
    if (control.signal.aborted) return;
    check(samples, settings.sr, file.name);
    say('Loading the network …');
    const rows = await hear(samples, settings, control.signal, share => say(`Hearing “${file.name}” …`, share));
    const result = summary(rows, settings, file.name, seconds);
    show(result, settings, url);
    say(`Done: ${feeling(result)}; valence ${numbers(result.valence)}, arousal ${numbers(result.arousal)}.`);
    $('status').classList.add('heard');
  } catch (error) {
    URL.revokeObjectURL(url);
    if (control.signal.aborted) return;
    $('status').textContent = '';
    $('problem').textContent = error instanceof Problem ? error.message : `This went wrong: ${error.message}`;
    $('problem').hidden = false;
  } finally {
    if (!control.signal.aborted) { stop = null; $('work').hidden = true; }
  }
}

function cancel() {
  stop?.();
  stop = null;
  $('work').hidden = true;
  $('status').textContent = 'Cancelled.';
  $('choose').focus();
}

$('choose').onclick = () => $('file').click();
$('file').onchange = () => { if ($('file').files.length) listen($('file').files[0]); $('file').value = ''; };
$('cancel').onclick = cancel;
document.ondragover = event => { event.preventDefault(); $('choose').classList.add('over'); };
document.ondragleave = event => { if (!event.relatedTarget) $('choose').classList.remove('over'); };
document.ondrop = event => {
  event.preventDefault();
  $('choose').classList.remove('over');
  if (event.dataTransfer.files.length) listen(event.dataTransfer.files[0]);
};
for (const event of ['timeupdate', 'seeking']) $('player').addEventListener(event, draw);
$('curve').onclick = event => {
  const second = $('curve').secondAt?.(event.offsetX);
  if (second >= 0) $('player').currentTime = second;
};
new ResizeObserver(draw).observe($('result'));
card.then(describe, () => { $('problem').textContent = 'The network\'s card could not be loaded: load the page again.'; $('problem').hidden = false; });
