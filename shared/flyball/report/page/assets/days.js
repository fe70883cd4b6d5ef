// What did each day come to, of one contender at a time?

class DayTable {
  constructor(root, days, showDay) {
    this.root = root;
    this.days = days;
    this.showDay = showDay;
    this.cells = new Map(days.cells);
    this.body = make('tbody');
    if (this.cells.size) root.append(this.makeBar(), this.makeTable());
    if (days.note) root.append(make('p', { class: 'note' }, days.note));
  }

  makeBar() {
    const select = make('select', {}, ...[...this.cells.keys()].map((name) => make('option', { value: name }, name)));
    select.addEventListener('change', () => this.fill(select.value));
    this.fill(select.value);
    return make('div', { class: 'bar' }, make('label', {}, 'Of ', select));
  }

  makeTable() {
    const heads = this.days.heads.map((head, index) => make('th', { scope: 'col', ...(index ? {} : { class: 'word' }) }, head));
    const table = make('table', {}, make('thead', {}, make('tr', {}, ...heads)), this.body);
    return make('div', { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': 'Day by day' }, table);
  }

  fill(name) {
    const rows = this.cells.get(name).map((cells, index) => {
      const day = this.days.days[index];
      return make('tr', {}, make('th', { scope: 'row', class: 'word' }, this.makeDay(day)), ...cells.map((text) => make('td', {}, text)));
    });
    this.body.replaceChildren(...rows);
  }

  // A day leads to where the timeline shows it.
  makeDay(day) {
    if (!this.showDay) return day;
    const button = make('button', { type: 'button', title: 'Show it in the timeline' }, day);
    button.addEventListener('click', () => this.showDay(Date.parse(`${day}T00:00:00Z`) / 1000));
    return button;
  }
}
