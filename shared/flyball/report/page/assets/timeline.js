// How does a timeline zoom and pan, by hand, wheel, fingers and keys?

const LEAST = 12; // slots in view
const GLIDE = 180; // milliseconds

class Timeline {
  constructor(root, content, id, name) {
    this.root = root;
    this.id = id;
    this.chart = readChart(content);
    this.plot = root.querySelector('.plot');
    this.canvas = this.plot.querySelector('canvas');
    this.overview = root.querySelector('.overview');
    this.said = root.querySelector('.read');
    this.tip = root.querySelector('.tip');
    this.view = { from: 0, to: this.chart.slots };
    this.other = null;
    this.otherLate = null;
    this.noun = 'decision';
    this.cursor = null;
    this.fingers = new Map();
    this.marks = new Marks(this);
    this.plot.setAttribute('aria-label', `Demand and capacity of ${name}. Arrows pan, plus and minus zoom, 0 shows all, L the next late minutes, D the next decision.`);
    this.chooseOther();
    if (this.chart.moments.length) sayMoments(this);
    this.wire();
    new ResizeObserver(() => this.draw()).observe(this.plot);
  }

  on(name, act) {
    this.root.querySelector(`[data-act="${name}"]`).addEventListener('click', (event) => {
      if (event.currentTarget.tagName === 'A') event.preventDefault();
      act();
    });
  }

  wire() {
    this.on('in', () => this.zoom(0.5));
    this.on('out', () => this.zoom(2));
    this.on('earlier', () => this.pan(-0.5));
    this.on('later', () => this.pan(0.5));
    this.on('all', () => this.show(0, this.chart.slots));
    this.on('late', () => this.nextLate());
    this.on('skip', () => this.plot.focus());
    if (!this.chart.episodes.length) this.root.querySelector('[data-act="late"]').disabled = true;
    this.plot.addEventListener('keydown', (event) => this.key(event));
    this.plot.addEventListener('wheel', (event) => this.wheel(event), { passive: false });
    this.plot.addEventListener('pointerdown', (event) => this.press(event));
    this.plot.addEventListener('pointermove', (event) => this.move(event));
    for (const name of ['pointerup', 'pointercancel']) this.plot.addEventListener(name, (event) => this.release(event));
    this.plot.addEventListener('pointerleave', () => this.point(null));
    const jump = (event) => {
      if (!event.buttons) return;
      const half = (this.view.to - this.view.from) / 2;
      const box = this.overview.getBoundingClientRect();
      const edge = margins(box.width);
      const middle = ((event.clientX - box.left - edge.left) / (box.width - edge.left - edge.right)) * this.chart.slots;
      this.set(middle - half, middle + half);
    };
    this.overview.addEventListener('pointerdown', (event) => {
      this.overview.setPointerCapture(event.pointerId);
      jump(event);
    });
    this.overview.addEventListener('pointermove', jump);
  }

  chooseOther() {
    const select = this.root.querySelector('[data-act="other"]');
    if (!this.chart.others.size) {
      select.closest('li').hidden = true;
      return;
    }
    select.append(make('option', { value: '' }, 'nobody'));
    for (const name of this.chart.others.keys()) select.append(make('option', { value: name }, name));
    const choose = () => {
      this.other = this.chart.others.get(select.value) ?? null;
      this.otherLate = this.other && select.value === this.chart.beside ? this.chart.besideLate : null;
    };
    select.value = this.chart.beside;
    choose();
    select.addEventListener('change', () => {
      choose();
      this.draw();
    });
  }

  // Sets what is in view, inside what there is.
  set(from, to) {
    const { slots } = this.chart;
    const span = clamp(to - from, Math.min(LEAST, slots), slots);
    const begin = clamp((from + to - span) / 2, 0, slots - span);
    this.view = { from: begin, to: begin + span };
    this.draw();
  }

  // As set, by a short glide unless motion is not wanted.
  show(from, to) {
    cancelAnimationFrame(this.gliding);
    if (reduced.matches) {
      this.set(from, to);
      return;
    }
    this.hush();
    const { from: a, to: b } = this.view;
    const began = performance.now();
    const frame = (now) => {
      const part = clamp((now - began) / GLIDE, 0, 1);
      const eased = 1 - (1 - part) ** 3;
      this.set(a + (from - a) * eased, b + (to - b) * eased);
      if (part < 1) this.gliding = requestAnimationFrame(frame);
    };
    this.gliding = requestAnimationFrame(frame);
  }

  // Zooms about a slot; how is set or show.
  zoom(factor, about = (this.view.from + this.view.to) / 2, how = 'show') {
    const { from, to } = this.view;
    const { slots } = this.chart;
    const span = clamp((to - from) * factor, Math.min(LEAST, slots), slots);
    const begin = clamp(about - ((about - from) / (to - from)) * span, 0, slots - span);
    this[how](begin, begin + span);
  }

  pan(share, how = 'show') {
    const { from, to } = this.view;
    const span = to - from;
    const begin = clamp(from + share * span, 0, this.chart.slots - span);
    this[how](begin, begin + span);
  }

  // Brings a slot into view, and near enough to be told from its neighbours.
  reveal(slot, slots = 0) {
    if (slots) {
      const around = Math.max(45, slots);
      this.show(Math.max(0, slot - around), Math.min(this.chart.slots, slot + slots + around));
      return;
    }
    const { from, to } = this.view;
    const span = to - from;
    if (slot >= from + 0.02 * span && slot <= to - 0.02 * span) this.draw(); else this.show(slot - span / 2, slot + span / 2);
  }

  // Shows the next late minutes after the middle of the view; of the whole, the first that count.
  nextLate() {
    const { episodes, slots, begin } = this.chart;
    if (!episodes.length) return;
    const whole = this.view.to - this.view.from >= slots;
    const after = whole ? begin : (this.view.from + this.view.to) / 2;
    const { from, to } = episodes.find((each) => (each.from + each.to) / 2 > after + 1) ?? episodes[0];
    const around = Math.max(60, to - from);
    this.show(Math.max(0, from - around), Math.min(slots, to + around));
  }

  showDay(seconds) {
    const from = (seconds - this.chart.start) / this.chart.slot;
    this.show(from, from + DAY / this.chart.slot);
    this.root.scrollIntoView({ behavior: reduced.matches ? 'auto' : 'smooth', block: 'start' });
    this.plot.focus({ preventScroll: true });
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const far = event.shiftKey ? 0.5 : 0.1;
    const act = {
      ArrowLeft: () => this.pan(-far), ArrowRight: () => this.pan(far),
      '+': () => this.zoom(0.6), '=': () => this.zoom(0.6), '-': () => this.zoom(1 / 0.6), '−': () => this.zoom(1 / 0.6),
      0: () => this.show(0, this.chart.slots),
      Home: () => this.pan(-1e9), End: () => this.pan(1e9),
      l: () => this.nextLate(), d: () => this.marks.next(),
    }[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (!act) return;
    event.preventDefault();
    act();
  }

  wheel(event) {
    const { from, to } = this.view;
    const sideways = event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY);
    const lines = event.deltaMode === 1 ? 16 : 1;
    if (sideways) {
      event.preventDefault();
      this.pan(((event.deltaX || event.deltaY) * lines) / 800, 'set');
      return;
    }
    if (event.deltaY > 0 && to - from >= this.chart.slots) return; // all is in view: the page scrolls
    event.preventDefault();
    this.zoom(Math.exp(clamp(event.deltaY * lines, -240, 240) * 0.002), this.slotAt(event.clientX), 'set');
  }

  slotAt(x) {
    const part = (x - this.plot.getBoundingClientRect().left - this.placed.left) / this.placed.plotWidth;
    return this.view.from + clamp(part, 0, 1) * (this.view.to - this.view.from);
  }

  press(event) {
    if (event.button) return;
    cancelAnimationFrame(this.gliding);
    this.fingers.set(event.pointerId, event.clientX);
    this.plot.setPointerCapture(event.pointerId);
  }

  move(event) {
    if (!this.fingers.has(event.pointerId)) {
      this.point(event);
      return;
    }
    const perPixel = (this.view.to - this.view.from) / this.placed.plotWidth;
    const before = [...this.fingers.values()];
    this.fingers.set(event.pointerId, event.clientX);
    const after = [...this.fingers.values()];
    if (after.length === 1) {
      const by = (before[0] - after[0]) * perPixel;
      const from = clamp(this.view.from + by, 0, this.chart.slots - (this.view.to - this.view.from));
      this.set(from, from + this.view.to - this.view.from);
      this.point(null);
    } else {
      const apart = (two) => Math.max(8, Math.abs(two[0] - two[1]));
      this.zoom(apart(before) / apart(after), this.slotAt((after[0] + after[1]) / 2), 'set');
    }
  }

  release(event) {
    this.fingers.delete(event.pointerId);
    if (event.pointerType === 'touch' && event.type === 'pointerup') this.point(event);
  }

  point(event) {
    this.cursor = event && this.placed ? Math.floor(this.slotAt(event.clientX)) : null;
    this.draw();
  }

  // Says what a slot's bucket had.
  tell(slot) {
    const { chart } = this;
    const index = bucketAt(chart, clamp(slot, 0, chart.slots - 1));
    const several = chart.edges[index + 1] - chart.edges[index] > 1;
    const span = (low, high) => (low === high || !several ? number(high) : `${number(low)}–${number(high)}`);
    const told = [
      Number.isNaN(chart.demand.high[index]) ? 'demand not known'
        : `demand ${span(chart.demand.low[index], chart.demand.high[index])}`,
      `${span(chart.ready.low[index], chart.ready.high[index])} in service`,
      `${several ? 'up to ' : ''}${number(chart.billed[index])} paid`,
    ];
    if (this.other) told.push(`${this.root.querySelector('[data-act="other"]').value} ${number(this.other[index])}`);
    if (this.otherLate?.[index] > 0) told.push(`${this.chart.beside} ${percent(this.otherLate[index], 0)} late`);
    if (chart.late[index] > 0) told.push(`${percent(chart.late[index], 0)} late`);
    return told;
  }

  draw() {
    this.hush();
    this.drawing ??= requestAnimationFrame(() => {
      this.drawing = null;
      this.paint();
    });
  }

  paint() {
    if (!this.plot.clientWidth) return; // another subject is shown
    this.placed = paintTimeline(this.canvas, this.chart, this.view, {
      other: this.other, otherLate: this.otherLate, cursor: this.cursor, chosen: this.marks.at, chosenTo: this.marks.to,
    });
    paintOverview(this.overview, this.chart, this.view);
    this.marks.place(this.placed);
    this.drawTip();
    this.say();
  }

  drawTip() {
    this.tip.hidden = this.cursor === null;
    if (this.cursor === null) return;
    const index = bucketAt(this.chart, this.cursor);
    const begin = this.chart.edges[index];
    const several = this.chart.edges[index + 1] - begin > 1;
    const when = instant(this.chart.timeOf(begin)) + (several ? ` + ${duration((this.chart.edges[index + 1] - begin) * this.chart.slot)}` : '');
    const late = this.chart.late[index] > 0;
    const told = this.tell(this.cursor);
    this.tip.replaceChildren(make('p', {}, when), ...told.map((text, at) =>
      make('p', late && at === told.length - 1 ? { class: 'late' } : {}, text)));
    const x = this.placed.left + this.placed.xOf(this.cursor);
    const wide = this.tip.offsetWidth;
    const left = x + 14 + wide > this.plot.clientWidth ? x - 14 - wide : x + 14;
    this.tip.style.transform = `translateX(${Math.round(Math.max(0, left))}px)`;
  }

  // Keeps it from saying what is about to change.
  hush() {
    clearTimeout(this.saying);
    this.said.setAttribute('aria-busy', 'true');
  }

  // Says what is in view, once it rests.
  say() {
    clearTimeout(this.saying);
    this.saying = setTimeout(() => {
      const { chart, view } = this;
      const { most, late, marks } = sumUp(chart, view);
      const unit = chart.slot === 60 ? 'a minute' : `in ${duration(chart.slot)}`;
      this.said.setAttribute('aria-busy', 'false');
      this.said.textContent = [
        `${instant(chart.timeOf(Math.round(view.from)))} – ${instant(chart.timeOf(Math.round(view.to)))} UTC`,
        duration(Math.round(view.to - view.from) * chart.slot),
        `demand up to ${number(most)} ${unit}`,
        counted(marks, this.noun) + (chart.leftOut ? ' shown' : ''),
        counted(late, chart.slot === 60 ? 'late minute' : 'late slot'),
      ].join(' · ');
    }, 120);
  }
}
