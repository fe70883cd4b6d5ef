// Which decisions are in view, and what does one say?

const NEAR = 26; // pixels: what is nearer than a finger is one button

class Marks {
  constructor(timeline) {
    this.timeline = timeline;
    this.chart = timeline.chart;
    this.rail = timeline.root.querySelector('.rail');
    this.panel = timeline.root.querySelector('.reason');
    this.buttons = new Map();
    this.chosen = null;
    this.panel.id = `reason-${timeline.id}`;
    this.panel.addEventListener('keydown', (event) => {
      if (event.key === 'Escape') this.close();
    });
    timeline.on('before', () => this.step(-1));
    timeline.on('after', () => this.step(1));
    timeline.on('close', () => this.close());
  }

  // Where the chosen decision is, as a slot.
  get at() {
    return this.chosen === null ? null : this.chart.marks[this.chosen].at;
  }

  // Where a chosen moment ends; a decision has no length.
  get to() {
    const mark = this.chart.marks[this.chosen];
    return mark?.slots ? mark.at + mark.slots : null;
  }

  // Groups what would overlap: [first, last] by the number of a decision.
  groups(place) {
    const found = [];
    const { view } = this.timeline;
    this.chart.marks.forEach((mark, index) => {
      if (mark.at < view.from || mark.at > view.to) return;
      const newest = found[found.length - 1];
      const x = place.xOf(mark.at);
      if (newest && x - newest.x < NEAR) newest.last = index; else found.push({ x, first: index, last: index });
    });
    return found;
  }

  // Puts a button wherever there are decisions; one that stays keeps its focus.
  place(place) {
    const wanted = new Set();
    let before = null;
    let x = -NEAR;
    for (const group of this.groups(place)) {
      const key = `${group.first}-${group.last}`;
      wanted.add(key);
      const button = this.buttons.get(key) ?? this.add(key, group);
      x = Math.max(x + NEAR, (group.x + place.xOf(this.chart.marks[group.last].at)) / 2);
      button.style.transform = `translateX(${Math.round(place.left + x - 12)}px)`;
      const open = this.chosen !== null && this.chosen >= group.first && this.chosen <= group.last;
      button.setAttribute('aria-expanded', String(open));
      if (before ? before.nextSibling !== button : this.rail.firstChild !== button) {
        if (!this.buttons.has(key) || document.activeElement !== button) this.rail.insertBefore(button, before ? before.nextSibling : this.rail.firstChild);
      }
      this.buttons.set(key, button);
      before = button;
    }
    for (const [key, button] of this.buttons) {
      if (wanted.has(key)) continue;
      button.remove();
      this.buttons.delete(key);
    }
  }

  add(key, { first, last }) {
    const lead = foremost(this.chart.marks, first, last);
    const mark = this.chart.marks[lead];
    const count = last - first + 1;
    const when = instant(this.chart.timeOf(mark.at));
    const [text, label, kind] = mark.rank ? nameMoment(mark, count, when) : count > 1
      ? [count > 99 ? '99+' : String(count), `${count} decisions from ${when}; the first: ${mark.headline}`, 'many']
      : [mark.step < 0 ? '▼' : '▲', `${mark.headline}, ${when}`, mark.step < 0 ? 'in' : 'out'];
    const button = make('button', { type: 'button', class: kind, 'aria-label': label, title: label, 'aria-controls': this.panel.id }, text);
    button.addEventListener('click', () => {
      if (this.chosen !== null && this.chosen >= first && this.chosen <= last) this.close(); else this.open(lead);
    });
    return button;
  }

  open(index) {
    const { chart } = this;
    const mark = chart.marks[index];
    this.chosen = index;
    const [why, ...limits] = mark.why;
    const put = (name, text) => { this.panel.querySelector(name).textContent = text; };
    const total = chart.marks.length;
    put('h3', mark.headline);
    const when = mark.rank ? tellMoment(chart, index) : `${instant(chart.timeOf(mark.at))} UTC · decision ${number(index + 1)} of ${number(total)}`;
    put('.when', `${when}${chart.leftOut ? ` shown here; ${number(chart.leftOut)} smaller ones are not` : ''}`);
    put('.why', why);
    this.panel.querySelector('.limits').replaceChildren(...limits.map((text) => make('li', {}, text)));
    put('.then', mark.rank ? '' : this.timeline.tell(mark.at - 1).join(' · '));
    for (const [name, off] of [['before', index === 0], ['after', index === total - 1]]) {
      this.panel.querySelector(`[data-act="${name}"]`).disabled = off;
    }
    this.panel.hidden = false;
    this.timeline.reveal(mark.at, mark.slots);
    this.panel.querySelector('h3').focus({ preventScroll: false });
  }

  step(by) {
    const next = this.chosen + by;
    if (this.chosen !== null && this.chart.marks[next]) this.open(next);
  }

  // Opens the first decision after where the view begins, or after the one that is open.
  next() {
    const { marks } = this.chart;
    const after = this.at ?? this.timeline.view.from;
    const found = marks.findIndex((mark) => mark.at > after);
    if (marks.length) this.open(found < 0 ? 0 : found);
  }

  close() {
    const was = this.chosen;
    this.chosen = null;
    this.panel.hidden = true;
    this.timeline.draw();
    for (const [key, button] of this.buttons) {
      const [first, last] = key.split('-').map(Number);
      if (was >= first && was <= last) return button.focus();
    }
    return this.timeline.plot.focus();
  }
}
