// What happened in which bucket, and in which column of pixels?

const readColumn = (column, count) => {
  const values = new Float64Array(count);
  if ('c' in column) return values.fill(column.c === null ? NaN : column.c);
  const bytes = atob(column.b);
  const unknown = column.w === 1 ? 255 : 65535;
  for (let index = 0; index < count; index += 1) {
    const raw = column.w === 1 ? bytes.charCodeAt(index)
      : bytes.charCodeAt(2 * index) | (bytes.charCodeAt(2 * index + 1) << 8);
    values[index] = raw === unknown ? NaN : raw * column.k;
  }
  return values;
};

const readEdges = (segments, slots) => {
  const edges = [];
  for (const [begin, width, count] of segments) {
    for (let index = 0; index < count; index += 1) edges.push(begin + index * width);
  }
  edges.push(slots);
  return Float64Array.from(edges);
};

// Puts a phrase's figures between its parts.
const readPhrase = (phrases, text) => {
  const [which, ...figures] = text.split('|');
  return phrases[which].map((part, index) => part + (figures[index] ?? '')).join('');
};

const readChart = (content) => {
  const edges = readEdges(content.segments, content.slots);
  const count = edges.length - 1;
  const series = (columns) => {
    const read = columns.map((each) => readColumn(each, count));
    return read.length === 1 ? { low: read[0], high: read[0], last: read[0] }
      : { low: read[0], high: read[1], last: read[2] };
  };
  const chart = {
    ...content, edges, count,
    demand: series(content.demand),
    ready: series(content.ready),
    billed: readColumn(content.billed, count),
    late: readColumn(content.late, count),
    lateSlots: content.lateSlots ? readColumn(content.lateSlots, count) : null,
    others: new Map(content.others.map(([name, column]) => [name, readColumn(column, count)])),
    besideLate: content.besideLate && readColumn(content.besideLate, count),
    marks: content.marks.map(([slot, step, ...texts], index) => {
      const [headline, ...why] = texts.map((text) => readPhrase(content.phrases, text));
      const [rank, slots] = content.moments[index] ?? [0, 0];
      return { at: slot + 1, step, headline, why, rank, slots };
    }),
  };
  chart.lateSlots ??= chart.late.map((share) => (share > 0 ? 1 : 0));
  chart.timeOf = (slot) => chart.start + slot * chart.slot;
  chart.episodes = findEpisodes(chart);
  return chart;
};

// The bucket in which a slot is.
const bucketAt = (chart, slot) => {
  let low = 0;
  let high = chart.count - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (chart.edges[middle] <= slot) low = middle; else high = middle - 1;
  }
  return low;
};

// Where requests were late, with what is within half an hour of each other as one.
const findEpisodes = (chart) => {
  const found = [];
  for (let index = 0; index < chart.count; index += 1) {
    if (!(chart.late[index] > 0)) continue;
    const [from, to] = [chart.edges[index], chart.edges[index + 1]];
    const newest = found[found.length - 1];
    if (newest && (from - newest.to) * chart.slot <= 1800) newest.to = to; else found.push({ from, to });
  }
  return found;
};

const maxOf = (a, b) => (Number.isNaN(a) || b > a ? b : a); // not known: NaN
const minOf = (a, b) => (Number.isNaN(a) || b < a ? b : a);

// Gathers what each column of pixels shows: the least, the greatest and the newest of its buckets.
const gather = (chart, view, width, other, otherLate = null) => {
  const empty = () => new Float64Array(width).fill(NaN);
  const shown = { demandLow: empty(), demandHigh: empty(), readyLow: empty(), readyHigh: empty(), readyLast: empty(),
    billed: empty(), late: empty(), other: empty(), otherLate: empty() };
  const scale = width / (view.to - view.from);
  const last = bucketAt(chart, view.to);
  for (let index = bucketAt(chart, view.from); index <= last; index += 1) {
    const first = Math.max(0, Math.floor((chart.edges[index] - view.from) * scale));
    const end = Math.min(width, Math.max(first + 1, Math.floor((chart.edges[index + 1] - view.from) * scale)));
    for (let pixel = first; pixel < end; pixel += 1) {
      shown.demandLow[pixel] = minOf(shown.demandLow[pixel], chart.demand.low[index]);
      shown.demandHigh[pixel] = maxOf(shown.demandHigh[pixel], chart.demand.high[index]);
      shown.readyLow[pixel] = minOf(shown.readyLow[pixel], chart.ready.low[index]);
      shown.readyHigh[pixel] = maxOf(shown.readyHigh[pixel], chart.ready.high[index]);
      shown.readyLast[pixel] = chart.ready.last[index];
      shown.billed[pixel] = maxOf(shown.billed[pixel], chart.billed[index]);
      shown.late[pixel] = maxOf(shown.late[pixel], chart.late[index]);
      if (other) shown.other[pixel] = maxOf(shown.other[pixel], other[index]);
      if (otherLate) shown.otherLate[pixel] = maxOf(shown.otherLate[pixel], otherLate[index]);
    }
  }
  return shown;
};

// Replaces each value by the least or greatest around it: where a day is narrower than a finger,
// its ups and downs are no curve but a band, from the least of a day to its greatest.
const spread = (values, radius, pick) => {
  const found = new Float64Array(values.length).fill(NaN);
  for (let pixel = 0; pixel < values.length; pixel += 1) {
    const end = Math.min(values.length, pixel + radius + 1);
    for (let near = Math.max(0, pixel - radius); near < end; near += 1) found[pixel] = pick(found[pixel], values[near]);
  }
  return found;
};
const spreadDays = (columns, radius) => {
  const spreads = { demandLow: minOf, demandHigh: maxOf, readyLow: minOf, readyHigh: maxOf, billed: maxOf, other: maxOf };
  for (const [name, pick] of Object.entries(spreads)) columns[name] = spread(columns[name], radius, pick);
};

// Sums up what is in view, for those who read it.
const sumUp = (chart, view) => {
  let most = 0;
  let late = 0;
  const last = bucketAt(chart, Math.max(view.from, view.to - 1e-6));
  for (let index = bucketAt(chart, view.from); index <= last; index += 1) {
    most = Math.max(most, chart.demand.high[index] || 0);
    late += chart.lateSlots[index];
  }
  return { most, late, marks: chart.marks.filter((each) => each.at >= view.from && each.at <= view.to).length };
};
