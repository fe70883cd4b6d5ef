// How are elements made and numbers written?

const SVG = 'http://www.w3.org/2000/svg';

const fill = (element, attributes, children) => {
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children); // a string becomes text, whatever it says
  return element;
};
const make = (tag, attributes = {}, ...children) =>
  fill(document.createElement(tag), attributes, children);
const draw = (tag, attributes = {}, ...children) =>
  fill(document.createElementNS(SVG, tag), attributes, children);

const clamp = (value, low, high) => Math.min(Math.max(value, low), high);
const number = (value) =>
  value.toLocaleString('en-US', value < 1000 ? { maximumSignificantDigits: 4 } : { maximumFractionDigits: 0 });
const percent = (ratio, digits = 2) => `${(100 * ratio).toFixed(digits)}%`;
const counted = (count, one) => `${number(count)} ${one}${count === 1 ? '' : 's'}`;

const reduced = matchMedia('(prefers-reduced-motion: reduce)');

// Rounds a step up to 1, 2, 2.5 or 5 times a power of ten.
const niceStep = (least) => {
  const power = 10 ** Math.floor(Math.log10(least));
  const found = [1, 2, 2.5, 5, 10].find((each) => each * power >= least * 0.999);
  return found * power;
};
const ticks = (from, to, most) => {
  const step = niceStep((to - from) / most || 1);
  const found = [];
  for (let at = Math.ceil(from / step - 1e-9); at * step <= to + step * 1e-9; at += 1) found.push(at * step + 0); // + 0: never minus zero
  return { step, found };
};

const colours = () => {
  const style = getComputedStyle(document.documentElement);
  const read = (name) => style.getPropertyValue(`--${name}`).trim();
  const names = ['paper', 'raised', 'ink', 'soft', 'line', 'grid', 'ours', 'ours-band', 'billed', 'demand',
    'demand-top', 'demand-line', 'late', 'other', 'focus'];
  return Object.fromEntries(names.map((name) => [name, read(name)]));
};
const fontOf = (size) => `${size}px ${getComputedStyle(document.body).fontFamily}`;

// Sizes a canvas to its box, in the screen's own pixels.
const fit = (canvas) => {
  const box = canvas.getBoundingClientRect();
  const scale = Math.min(window.devicePixelRatio || 1, 3);
  const wide = Math.round(box.width * scale);
  const high = Math.round(box.height * scale);
  if (canvas.width !== wide || canvas.height !== high) Object.assign(canvas, { width: wide, height: high });
  const context = canvas.getContext('2d');
  context.setTransform(scale, 0, 0, scale, 0, 0);
  context.clearRect(0, 0, box.width, box.height);
  return { context, width: box.width, height: box.height, scale };
};
