// Who is cheaper, and who is late less?

const HIGH = 300;

// Draws a point's shape: ours are discs, peers are diamonds, the bound is a square.
const shapeOf = (group, strong) => {
  const r = strong ? 7 : 5;
  if (group === 'ours') return draw('circle', { class: group, r });
  const side = group === 'peer' ? r : r * 0.85;
  const turn = group === 'peer' ? { transform: 'rotate(45)' } : {};
  return draw('rect', { class: group, x: -side, y: -side, width: 2 * side, height: 2 * side, ...turn });
};

// The places of a label around its point, the best first: x, y, anchor.
const AROUND = [[12, 4, 'start'], [0, -13, 'middle'], [-12, 4, 'end'], [0, 22, 'middle'], [12, -10, 'start'], [12, 18, 'start'], [-12, -10, 'end'], [-12, 18, 'end']];

const boxOf = (x, y, text, anchor) => {
  const wide = text.length * 7.2;
  const left = anchor === 'start' ? x : anchor === 'end' ? x - wide : x - wide / 2;
  return { left, right: left + wide, top: y - 11, bottom: y + 3 };
};
const meets = (one, other) => one.left < other.right && other.left < one.right && one.top < other.bottom && other.top < one.bottom;

class Frontier {
  constructor(root, subject) {
    this.root = root;
    this.axis = subject.axis;
    this.points = subject.points.map(([label, group, cost, late, told, strong]) => ({ label, group, cost, late, told, strong }));
    this.points.sort((a, b) => b.strong - a.strong || a.cost - b.cost);
    new ResizeObserver(() => this.render()).observe(root);
  }

  render() {
    const width = Math.round(this.root.clientWidth);
    if (!width || width === this.width) return;
    this.width = width;
    const edge = { left: 48, right: 18, top: 14, bottom: 44 };
    const wide = width - edge.left - edge.right;
    const high = HIGH - edge.top - edge.bottom;
    const costs = this.points.map((each) => each.cost);
    const least = Math.min(...costs);
    const pad = (Math.max(...costs) - least || 1) * 0.08;
    const [from, to] = [Math.max(0, least - pad), Math.max(...costs) + pad];
    const most = Math.max(0.002, ...this.points.map((each) => each.late)) * 1.12;
    const x = (cost) => edge.left + ((cost - from) / (to - from)) * wide;
    const y = (late) => edge.top + high - (late / most) * high;
    const svg = draw('svg', { viewBox: `0 0 ${width} ${HIGH}`, width, height: HIGH, role: 'group', 'aria-label': `Cost against lateness: ${this.axis} and share of late requests` });
    const rows = ticks(0, most, 5);
    const digits = rows.step < 0.001 ? 2 : rows.step < 0.01 ? 1 : 0;
    for (const late of rows.found) {
      svg.append(draw('line', { class: late ? 'grid' : 'base', x1: edge.left, x2: width - edge.right, y1: y(late), y2: y(late) }),
        draw('text', { x: edge.left - 8, y: y(late) + 4, 'text-anchor': 'end' }, percent(late, digits)));
    }
    for (const cost of ticks(from, to, Math.max(3, Math.floor(wide / 80))).found) {
      svg.append(draw('line', { class: 'base', x1: x(cost), x2: x(cost), y1: y(0), y2: y(0) + 5 }),
        draw('text', { x: x(cost), y: y(0) + 20, 'text-anchor': 'middle' }, number(Math.round(cost * 1e6) / 1e6)));
    }
    svg.append(draw('text', { x: width - edge.right, y: HIGH - 4, 'text-anchor': 'end' }, this.axis),
      draw('text', { x: edge.left + 6, y: edge.top + 4 }, 'late'));
    this.drawEdge(svg, x, y);
    this.drawPoints(svg, x, y, width);
    this.root.replaceChildren(svg, make('p', { class: 'hint' }, 'Lower is less late, further left is cheaper.'));
  }

  // Joins those of ours that none of ours beats.
  drawEdge(svg, x, y) {
    const ours = this.points.filter((each) => each.group === 'ours').sort((a, b) => a.cost - b.cost || a.late - b.late);
    if (ours.length < 3) return;
    let best = Infinity;
    const path = [];
    for (const point of ours) {
      if (point.late >= best) continue;
      if (path.length) path.push(`H${x(point.cost)}`);
      path.push(`${path.length ? 'V' : `M${x(point.cost)} `}${y(point.late)}`);
      best = point.late;
    }
    svg.append(draw('path', { class: 'edge', d: path.join('') }));
  }

  drawPoints(svg, x, y, width) {
    const taken = this.points.map((each) => ({ left: x(each.cost) - 7, right: x(each.cost) + 7, top: y(each.late) - 7, bottom: y(each.late) + 7 }));
    for (const [index, point] of this.points.entries()) {
      const [px, py] = [x(point.cost), y(point.late)];
      const told = `${point.label || point.told}: ${number(point.cost)} ${this.axis}, ${percent(point.late)} late${point.label && point.told ? ` (${point.told})` : ''}`;
      const named = point.label ? { tabindex: 0, role: 'img', 'aria-label': told } : { 'aria-hidden': 'true' };
      const group = draw('g', { class: `point${point.strong ? ' strong' : ''}`, transform: `translate(${px} ${py})`, ...named },
        draw('title', {}, told), draw('circle', { class: 'halo', r: 13 }), shapeOf(point.group, point.strong));
      if (!point.label) group.lastChild.classList.add('faint');
      const text = point.label.length > 24 ? `${point.label.slice(0, 23)}…` : point.label;
      const free = ([dx, dy, anchor]) => {
        const box = boxOf(px + dx, py + dy, text, anchor);
        const inside = box.left >= 0 && box.right <= width && box.top >= 0;
        return inside && !taken.some((other, at) => at !== index && meets(box, other));
      };
      const place = text && AROUND.find(free);
      if (place) {
        const [dx, dy, anchor] = place;
        taken.push(boxOf(px + dx, py + dy, text, anchor));
        group.append(draw('text', { x: dx, y: dy, 'text-anchor': anchor }, text));
      }
      svg.append(group);
    }
  }
}
