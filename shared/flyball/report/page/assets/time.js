// How are instants written, and where on an axis do they stand? All in UTC.

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const WEEKDAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const DAY = 86400;

const two = (value) => String(value).padStart(2, '0');
const clock = (at) => `${two(at.getUTCHours())}:${two(at.getUTCMinutes())}${at.getUTCSeconds() ? `:${two(at.getUTCSeconds())}` : ''}`;
const dayOf = (at) => `${at.getUTCDate()} ${MONTHS[at.getUTCMonth()]}`;
const instant = (seconds) => {
  const at = new Date(seconds * 1000);
  return `${WEEKDAYS[at.getUTCDay()]} ${dayOf(at)} ${at.getUTCFullYear()}, ${clock(at)}`;
};

const duration = (seconds) => {
  const parts = [];
  let left = Math.round(seconds);
  for (const [unit, size] of [['d', DAY], ['h', 3600], ['min', 60], ['s', 1]]) {
    const count = Math.floor(left / size);
    left -= count * size;
    if (count) parts.push(`${count} ${unit}`);
  }
  return parts.slice(0, 2).join(' ') || '0 s';
};

const STEPS = [10, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, DAY, 2 * DAY, 7 * DAY, 14 * DAY];

// Gives the instants between two at which a label stands, and the labels.
const timeTicks = (from, to, most) => {
  const step = STEPS.find((each) => (to - from) / each <= most);
  const found = [];
  if (!step) {
    const months = Math.ceil((to - from) / (30 * DAY) / most);
    const first = new Date(from * 1000);
    for (let month = first.getUTCMonth(); ; month += months) {
      const at = Date.UTC(first.getUTCFullYear(), month, 1) / 1000;
      if (at > to) return found;
      if (at >= from) found.push([at, MONTHS[((month % 12) + 12) % 12]]);
    }
  }
  const origin = step > DAY ? 4 * DAY : 0; // the first Monday of Unix time
  for (let at = Math.ceil((from - origin) / step) * step + origin; at <= to; at += step) {
    const date = new Date(at * 1000);
    found.push([at, at % DAY ? clock(date) : `${step > 2 * DAY ? '' : `${WEEKDAYS[date.getUTCDay()]} `}${dayOf(date)}`]);
  }
  return found;
};
