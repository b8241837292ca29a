// The two pictures, as SVG of the width that the page gives them. Colours are in style.css.

const NS = 'http://www.w3.org/2000/svg';
const MANY = 80;  // windows; from here on the line has no dots

export const clock = s => `${Math.floor(s / 60)}:${String(Math.floor(s % 60)).padStart(2, '0')}`;

function make(name, attributes, text) {
  const element = document.createElementNS(NS, name);
  for (const [k, v] of Object.entries(attributes)) element.setAttribute(k, v);
  if (text !== undefined) element.textContent = text;
  return element;
}

function start(svg, width, height, label) {
  svg.replaceChildren();
  for (const [k, v] of Object.entries({height, viewBox: `0 0 ${width} ${height}`, 'aria-label': label})) svg.setAttribute(k, v);
  return (name, attributes, text) => svg.append(make(name, attributes, text));
}

const path = points => points.map(([x, y], i) => `${i ? 'L' : 'M'}${x.toFixed(1)},${y.toFixed(1)}`).join('');
const words = r => `${r.at.toFixed(2)}, interval ${r.low.toFixed(2)} to ${r.high.toFixed(2)}`;

// The rating at a moment, on the line between the windows around it; null in silence.
function ratingAt(curve, second) {
  const after = curve.findIndex(p => p.second >= second), j = after < 0 ? curve.length - 1 : after, i = Math.max(0, j - 1);
  const [a, b] = [curve[i], curve[j]];
  if (!a.valence || !b.valence) return null;
  const w = i === j || after < 0 ? 1 : (second - a.second) / (b.second - a.second);
  return ['valence', 'arousal'].map(d => a[d].at * (1 - w) + b[d].at * w);
}

// The valence-arousal plane with point, intervals and the way through the song.
export function drawPlane(svg, {valence: v, arousal: a, curve}, quadrants, dimensions, now) {
  const size = svg.clientWidth, left = 34, top = 8, side = size - left - top;
  const x = value => left + (value + 1) / 2 * side, y = value => top + (1 - value) / 2 * side;
  const put = start(svg, size, top + side + 28, `Valence ${words(v)}; arousal ${words(a)}`);
  put('rect', {class: 'frame', x: left, y: top, width: side, height: side, rx: 3});
  put('circle', {class: 'grid', cx: x(0), cy: y(0), r: side / 2});
  put('path', {class: 'grid', d: path([[x(-1), y(0)], [x(1), y(0)]]) + path([[x(0), y(-1)], [x(0), y(1)]])});
  Object.values(quadrants).forEach((name, q) => {
    const [right, up] = [q === 0 || q === 3, q < 2];
    put('text', {class: 'faint', x: x(right ? .96 : -.96), y: y(up ? .96 : -.96) + (up ? 9 : -2), 'text-anchor': right ? 'end' : 'start'}, name);
  });
  const label = (d, transform) => {
    put('text', {class: 'axis', 'text-anchor': 'start', transform: transform(0)}, dimensions[d][0]);
    put('text', {class: `axis name ${d}`, 'text-anchor': 'middle', transform: transform(.5)}, d);
    put('text', {class: 'axis', 'text-anchor': 'end', transform: transform(1)}, dimensions[d][1]);
  };
  label('valence', share => `translate(${left + share * side} ${top + side + 20})`);
  label('arousal', share => `translate(${left - 12} ${top + (1 - share) * side}) rotate(-90)`);
  const way = curve.filter(p => p.valence).map(p => [x(p.valence.at), y(p.arousal.at)]);
  put('path', {class: 'way', d: path(way)});
  if (way.length > 1) put('circle', {class: 'way begin', cx: way[0][0], cy: way[0][1], r: 4});
  put('path', {class: 'interval valence', d: path([[x(v.low), y(a.at)], [x(v.high), y(a.at)]])});
  put('path', {class: 'interval arousal', d: path([[x(v.at), y(a.low)], [x(v.at), y(a.high)]])});
  put('circle', {class: 'point', cx: x(v.at), cy: y(a.at), r: 7});
  const here = now > 0 && ratingAt(curve, now);
  if (here) put('circle', {class: 'now', cx: x(here[0]), cy: y(here[1]), r: 6});
}

// Pieces of the curve without silence; a song of one window has the same rating all along.
function pieces({curve, seconds}) {
  if (curve.length === 1) return [[{...curve[0], second: 0}, {...curve[0], second: seconds}]];
  const out = [[]];
  for (const p of curve) if (p.valence) out.at(-1).push(p); else if (out.at(-1).length) out.push([]);
  return out.filter(piece => piece.length);
}

// Valence and arousal over time, one above the other, each with its band and the mark of the player.
export function drawCurve(svg, result, dimensions, now) {
  const width = svg.clientWidth, left = 30, right = 16, high = 128, head = 34, seconds = result.seconds;
  const bottom = 2 * (head + high), x = t => left + t / seconds * (width - left - right);
  const put = start(svg, width, bottom + 42, `Valence and arousal over ${clock(seconds)} minutes, ${result.curve.length} windows; the numbers are in the CSV`);
  Object.entries(dimensions).forEach(([d, [less, more]], i) => {
    const top = i * (head + high) + head, y = value => top + (1 - value) / 2 * high;
    put('text', {class: `axis name ${d}`, x: left, y: top - 9}, d);
    put('text', {class: 'faint', x: width - right, y: top - 9, 'text-anchor': 'end'}, `-1 ${less}, +1 ${more}`);
    for (const value of [-1, 0, 1]) {
      put('path', {class: 'grid', d: path([[left, y(value)], [width - right, y(value)]])});
      put('text', {class: 'faint', x: left - 6, y: y(value) + 4, 'text-anchor': 'end'}, value > 0 ? '+1' : value);
    }
    for (const piece of pieces(result)) {
      const line = end => piece.map(p => [x(p.second), y(p[d][end])]);
      put('path', {class: `band ${d}`, d: path([...line('high'), ...line('low').reverse()]) + 'Z'});
      put('path', {class: `line ${d}`, d: path([...line('at'), ...line('at').slice(-1)])});  // a window alone is a dot
    }
    put('path', {class: 'playhead', d: path([[x(Math.min(now, seconds)), top], [x(Math.min(now, seconds)), top + high]])});
    const dots = result.curve.length > MANY ? [] : result.curve.filter(p => p.valence);
    for (const p of dots) put('circle', {class: `dot ${d}`, cx: x(p.second), cy: y(p[d].at), r: 3});
  });
  const step = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600].find(s => seconds / s <= width / 60);
  for (let t = 0; t <= seconds; t += step) {
    put('path', {class: 'grid', d: path([[x(t), bottom], [x(t), bottom + 4]])});
    put('text', {class: 'faint', x: x(t), y: bottom + 18, 'text-anchor': 'middle'}, clock(t));
  }
  put('text', {class: 'axis', x: (left + width - right) / 2, y: bottom + 37, 'text-anchor': 'middle'}, 'time (min:s)');
  svg.secondAt = px => (px - left) / (width - left - right) * seconds;
}
