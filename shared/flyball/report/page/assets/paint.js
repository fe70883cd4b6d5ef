// What does a timeline look like?

const margins = (width) => ({ left: width < 520 ? 42 : 58, right: width < 520 ? 30 : 46, top: 6, bottom: 34 });

const short = (value) => {
  if (value >= 1e6) return `${number(value / 1e6)}M`;
  return value >= 1e4 ? `${number(value / 1e3)}k` : number(value);
};

const highest = (columns, capacity) => {
  let most = 0;
  for (let pixel = 0; pixel < columns.demandHigh.length; pixel += 1) {
    const instances = Math.max(columns.readyHigh[pixel] || 0, columns.billed[pixel] || 0, columns.other[pixel] || 0);
    most = Math.max(most, columns.demandHigh[pixel] || 0, instances * capacity);
  }
  return (most || capacity) * 1.06;
};

// Fills between two columns of values, a pixel wide each; gaps stay gaps.
const band = (context, low, high, y, colour) => {
  context.fillStyle = colour;
  for (let pixel = 0; pixel < high.length; pixel += 1) {
    if (Number.isNaN(high[pixel])) continue;
    const top = y(high[pixel]);
    context.fillRect(pixel, top, 1, (typeof low === 'number' ? y(low) : y(low[pixel])) - top);
  }
};

const line = (context, values, y, colour, width, dash = []) => {
  context.strokeStyle = colour;
  context.lineWidth = width;
  context.setLineDash(dash);
  context.lineJoin = 'round';
  context.beginPath();
  let before = NaN;
  for (let pixel = 0; pixel < values.length; pixel += 1) {
    const value = values[pixel];
    if (!Number.isNaN(value)) {
      if (Number.isNaN(before)) context.moveTo(pixel, y(value));
      else if (value !== before) {
        context.lineTo(pixel, y(before));
        context.lineTo(pixel, y(value));
      } else if (pixel === values.length - 1) context.lineTo(pixel + 1, y(value));
    } else if (!Number.isNaN(before)) context.lineTo(pixel, y(before));
    before = value;
  }
  context.stroke();
  context.setLineDash([]);
};

const paintLate = (context, late, height, colour, crowded) => {
  context.fillStyle = colour;
  for (let pixel = 0; pixel < late.length; pixel += 1) {
    if (!(late[pixel] > 0)) continue;
    context.globalAlpha = 0.12 + 0.16 * late[pixel];
    if (!crowded) context.fillRect(pixel, 0, 1, height);
    context.globalAlpha = 1;
    context.fillRect(pixel, height + 1, 1, 5);
  }
};

// Late of the other: a second row, below ours.
const paintOtherLate = (context, late, height, colour) => {
  context.fillStyle = colour;
  for (let pixel = 0; pixel < late.length; pixel += 1) if (late[pixel] > 0) context.fillRect(pixel, height + 7, 1, 4);
};

const paintAxes = (context, chart, view, box, most, colour) => {
  const { width, height } = box;
  context.font = fontOf(12);
  context.textBaseline = 'middle';
  const rows = ticks(0, most, Math.max(2, Math.floor(height / 62)));
  for (const value of rows.found) {
    const y = Math.round(height - (value / most) * height) + 0.5;
    context.fillStyle = colour.grid;
    context.fillRect(0, y - 0.5, width, 1);
    context.fillStyle = colour.soft;
    context.textAlign = 'right';
    context.fillText(short(value), -8, y);
  }
  context.textAlign = 'left';
  const instances = most / chart.capacity;
  const counts = ticks(0, instances, Math.max(2, Math.floor(height / 62)));
  const step = Math.max(1, counts.step);
  context.fillStyle = colour.ours;
  for (let value = 0; value <= instances; value += step) {
    context.fillText(short(value), width + 8, height - (value / instances) * height);
  }
  const [from, to] = [chart.timeOf(view.from), chart.timeOf(view.to)];
  context.textAlign = 'center';
  for (const [at, text] of timeTicks(from, to, Math.max(3, Math.floor(width / 92)))) {
    const x = ((at - from) / (to - from)) * width;
    context.fillStyle = colour.line;
    context.fillRect(Math.round(x), height, 1, 8);
    context.fillStyle = colour.soft;
    const half = context.measureText(text).width / 2;
    context.fillText(text, clamp(x, half - 30, width + 26 - half), height + 19);
  }
};

const paintTimeline = (canvas, chart, view, { other, otherLate, cursor, chosen, chosenTo }) => {
  const { context, width, height } = fit(canvas);
  const edge = margins(width);
  const box = { width: Math.max(10, Math.round(width - edge.left - edge.right)), height: height - edge.top - edge.bottom };
  const colour = colours();
  const columns = gather(chart, view, box.width, other, otherLate);
  const dayWide = (DAY / chart.slot / (view.to - view.from)) * box.width;
  const crowded = dayWide < 12;
  if (crowded) spreadDays(columns, Math.ceil(dayWide / 2));
  const most = highest(columns, chart.capacity);
  const y = (requests) => box.height - (requests / most) * box.height;
  const ofCount = (count) => y(count * chart.capacity);
  const xOf = (slot) => ((slot - view.from) / (view.to - view.from)) * box.width;
  context.translate(edge.left, edge.top);
  paintAxes(context, chart, view, box, most, colour);
  context.save();
  context.beginPath();
  context.rect(0, -2, box.width, box.height + 13);
  context.clip();
  if (chosenTo !== null) {
    context.fillStyle = colour.grid;
    context.fillRect(xOf(chosen), 0, Math.max(1, xOf(chosenTo) - xOf(chosen)), box.height);
  }
  if (!crowded) band(context, columns.readyLast, columns.billed, ofCount, colour.billed);
  band(context, columns.demandLow, columns.demandHigh, y, colour['demand-top']);
  band(context, 0, columns.demandLow, y, colour.demand);
  line(context, columns.demandHigh, y, colour['demand-line'], 1);
  paintLate(context, columns.late, box.height, colour.late, crowded);
  if (otherLate) paintOtherLate(context, columns.otherLate, box.height, colour.other);
  if (other) line(context, columns.other, ofCount, colour.other, 1.5, [5, 3]);
  if (crowded) {
    line(context, columns.readyHigh, ofCount, colour.ours, 1.25);
  } else {
    band(context, columns.readyLow, columns.readyHigh, ofCount, colour['ours-band']);
    line(context, columns.readyLast, ofCount, colour.ours, 2);
  }
  for (const [slot, paint, dash] of [[chart.begin, colour.soft, [2, 4]], [chosen, colour.ink, []], [chosenTo, colour.ink, []], [cursor, colour.soft, []]]) {
    if (!slot || slot < view.from || slot > view.to) continue;
    context.strokeStyle = paint;
    context.lineWidth = 1;
    context.setLineDash(dash);
    context.beginPath();
    context.moveTo(Math.round(xOf(slot)) + 0.5, 0);
    context.lineTo(Math.round(xOf(slot)) + 0.5, box.height);
    context.stroke();
    context.setLineDash([]);
  }
  if (chart.begin > view.from && xOf(chart.begin) > 70) {
    context.fillStyle = colour.soft;
    context.textAlign = 'right';
    context.fillText('not counted', xOf(chart.begin) - 6, 8);
  }
  context.restore();
  context.fillStyle = colour.line;
  context.fillRect(0, box.height, box.width, 1);
  return { ...edge, plotWidth: box.width, xOf };
};

const paintOverview = (canvas, chart, view) => {
  const { context, width, height } = fit(canvas);
  const edge = margins(width);
  const wide = Math.max(10, Math.round(width - edge.left - edge.right));
  const whole = { from: 0, to: chart.slots };
  const colour = colours();
  const columns = gather(chart, whole, wide, null);
  const most = highest(columns, chart.capacity);
  const y = (requests) => height - (requests / most) * height;
  context.translate(edge.left, 0);
  band(context, 0, columns.demandHigh, y, colour.demand);
  context.fillStyle = colour.late;
  for (let pixel = 0; pixel < wide; pixel += 1) if (columns.late[pixel] > 0) context.fillRect(pixel, 0, 1, 5);
  const from = (view.from / chart.slots) * wide;
  const to = Math.max(from + 3, (view.to / chart.slots) * wide);
  context.fillStyle = colour.paper;
  context.globalAlpha = 0.66;
  context.fillRect(0, 0, from, height);
  context.fillRect(to, 0, wide - to, height);
  context.globalAlpha = 1;
  context.strokeStyle = colour.ours;
  context.lineWidth = 1.5;
  context.strokeRect(from + 0.75, 0.75, to - from - 1.5, height - 1.5);
};
