// What is said where marks are moments at which two configs differed, in place of decisions?

// Which of some marks is opened first: the moment that mattered most, or else the first.
const foremost = (marks, first, last) => {
  let found = first;
  for (let index = first; index <= last; index += 1) if (marks[index].rank < marks[found].rank) found = index;
  return found;
};

// A button's text, its name, and its kind; of several it has the number of the one that mattered most.
const nameMoment = (mark, count, when) => (count > 1
  ? [`${mark.rank}+`, `${count} moments, of which number ${mark.rank} mattered most, ${when}: ${mark.headline}`, 'many']
  : [String(mark.rank), `${mark.headline}, ${when}`, 'many']);

const tellMoment = (chart, index) => {
  const mark = chart.marks[index];
  const [from, to] = [mark.at, mark.at + mark.slots].map((slot) => instant(chart.timeOf(slot)));
  return `${from} – ${to} UTC · ${duration(mark.slots * chart.slot)} · moment ${number(index + 1)} of ${number(chart.marks.length)}`;
};

const sayMoments = (timeline) => {
  const { root } = timeline;
  timeline.noun = 'moment';
  const name = (selector, text) => root.querySelector(selector).setAttribute('aria-label', text);
  name('.rail', 'Moments in view');
  name('.reason', 'Moment');
  name('.reason .tools', 'Moments');
  name('[data-act="before"]', 'Moment before');
  name('[data-act="after"]', 'Moment after');
  root.querySelector('[data-act="skip"]').textContent = 'Skip the moments';
  timeline.plot.setAttribute('aria-label', timeline.plot.getAttribute('aria-label').replace('decision', 'moment'));
  for (const key of ['ready', 'billed', 'late']) root.querySelector(`.key.${key}`).parentElement.append(', new');
  const texts = document.createTreeWalker(root.querySelector('.keys'), NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const text = texts.currentNode;
    text.data = text.data.replace('next decision', 'next moment')
      .replace(/Triangles are .*/, 'Numbers are the moments that mattered, 1 the most: open one for what both did.');
  }
};
