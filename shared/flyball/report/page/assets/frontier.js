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
    this.edge = subject.edge.map((index) => this.points[index]);
    this.reach = subject.reach; // of the axes: who is far out stands at their end
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
    const [dearest, latest] = this.reach;
    const least = Math.min(...this.points.map((each) => each.cost));
    const pad = (dearest - least || 1) * 0.08;
    const [from, to] = [Math.max(0, least - pad), dearest + pad];
    const most = Math.max(0.002, latest) * 1.12;
    const x = (cost) => edge.left + ((Math.min(cost, to) - from) / (to - from)) * wide;
    const y = (late) => edge.top + high - (Math.min(late, most) / most) * high;
    const svg = draw('svg', { viewBox: `0 0 ${width} ${HIGH}`, width, height: HIGH, role: 'group', 'aria-label': `Cost against lateness: ${this.axis} and share of late requests` });
    const rows = ticks(0, most, 5);
    const digits = [0, 1, 2].find((each) => Math.abs((rows.step * 100).toFixed(each) - rows.step * 100) < 1e-9) ?? 3;
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
    const joined = this.edge.length > 1 ? ' The line joins those whom nobody beats in both.' : '';
    this.root.replaceChildren(svg, make('p', { class: 'hint' }, `Lower is less late, further left is cheaper.${joined}`));
  }

  // Joins those whom nobody beats in both.
  drawEdge(svg, x, y) {
    if (this.edge.length < 2) return;
    const [first, ...others] = this.edge.map((each) => [x(each.cost), y(each.late)]);
    const steps = others.map(([px, py]) => `H${px}V${py}`);
    svg.append(draw('path', { class: 'edge', d: `M${first.join(' ')}${steps.join('')}` }));
  }

  // A label; who is far out has what it is too far out by.
  nameOf({ label, cost, late }) {
    const name = label.length > 24 ? `${label.slice(0, 23)}…` : label;
    const [dearest, latest] = this.reach;
    if (!name) return '';
    return name + (cost > dearest ? ` ${number(cost)} →` : '') + (late > latest ? ` ${percent(late, 0)} ↑` : '');
  }

  drawPoints(svg, x, y, width) {
    const taken = this.points.map((each) => ({ left: x(each.cost) - 7, right: x(each.cost) + 7, top: y(each.late) - 7, bottom: y(each.late) + 7 }));
    const drawn = [];
    for (const [index, point] of this.points.entries()) {
      const [px, py] = [x(point.cost), y(point.late)];
      const told = `${point.label || point.told}: ${number(point.cost)} ${this.axis}, ${percent(point.late)} late${point.label && point.told ? ` (${point.told})` : ''}`;
      const named = point.label ? { tabindex: 0, role: 'img', 'aria-label': told } : { 'aria-hidden': 'true' };
      const group = draw('g', { class: `point${point.strong ? ' strong' : ''}`, transform: `translate(${px} ${py})`, ...named },
        draw('title', {}, told), draw('circle', { class: 'halo', r: 13 }), shapeOf(point.group, point.strong));
      if (!point.label) group.lastChild.classList.add('faint');
      const text = this.nameOf(point);
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
      drawn.unshift(group);
    }
    svg.append(...drawn); // what the page is about comes last: nobody covers it
  }
}
