// Who draws what, and in which colours?

const content = JSON.parse(document.getElementById('content').textContent);
const timelines = [];

const build = (section, index) => {
  const subject = content.subjects[index];
  const place = (kind) => section.querySelector(`[data-place="${kind}"]`);
  let showDay = null;
  if (subject.chart) {
    const root = document.getElementById('timeline').content.cloneNode(true).querySelector('.timeline');
    place('timeline').append(root);
    const timeline = new Timeline(root, subject.chart, index, subject.name);
    timelines.push(timeline);
    showDay = (seconds) => timeline.showDay(seconds);
  }
  if (subject.points.length) {
    place('frontier').classList.add('frontier');
    new Frontier(place('frontier'), subject);
  }
  if (subject.days) {
    place('days').classList.add('days');
    new DayTable(place('days'), subject.days, showDay);
  }
};

const sections = [...document.querySelectorAll('.subject')];
sections.forEach(build);

const choose = (chosen) => sections.forEach((section, index) => { section.hidden = index !== chosen; });
const select = document.getElementById('subject');
if (select) {
  select.addEventListener('change', () => choose(Number(select.value)));
  choose(Number(select.value));
}

const dark = matchMedia('(prefers-color-scheme: dark)');
const button = document.getElementById('theme');
const paint = (theme) => {
  document.documentElement.dataset.theme = theme;
  button.textContent = theme === 'dark' ? 'Light' : 'Dark';
  button.setAttribute('aria-label', `Change to ${theme === 'dark' ? 'light' : 'dark'} colours`);
  for (const timeline of timelines) timeline.draw();
};
let asked = false;
button.addEventListener('click', () => {
  asked = true;
  paint(document.documentElement.dataset.theme === 'dark' ? 'light' : 'dark');
});
dark.addEventListener('change', () => { if (!asked) paint(dark.matches ? 'dark' : 'light'); });
paint(dark.matches ? 'dark' : 'light');

// Paper is light, whatever the screen is.
let worn = '';
const dress = (theme) => {
  document.documentElement.dataset.theme = theme;
  for (const timeline of timelines) timeline.paint();
};
addEventListener('beforeprint', () => {
  worn = document.documentElement.dataset.theme;
  dress('light');
});
addEventListener('afterprint', () => dress(worn));
