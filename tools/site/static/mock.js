// A mock interview: so many questions on a clock, one's own verdict after each, and what to study. All of it is kept
// in this browser until it ends, so that a reload loses nothing; the verdicts go where the cards' go.
(async () => {
  const { words, grades, units, questions } = window.MFT;
  const { element, filled, ...state } = window.mftState;
  const KEY = 'mft-mock';
  const place = document.getElementById('mock');
  const byId = new Map(questions.map(question => [question.id, question]));
  const minutes = milliseconds => Math.round(milliseconds / 6000) / 10;
  let clock;

  // kept: { ids, at, began, minutes, since, shown, typed, done: [{ id, grade, time, made }] }
  let kept = null;
  try { kept = JSON.parse(localStorage.getItem(KEY)); } catch { /* begin anew */ }
  if (!kept?.ids?.every(id => byId.has(id))) kept = null;
  const keep = () => { try { localStorage.setItem(KEY, JSON.stringify(kept)); } catch { /* a reload begins anew */ } };

  function number(id, label, value, most) {
    const field = element('input', '', { id, type: 'number', min: 1, max: most, value });
    const named = element('label', `${label} `);
    named.append(field);
    return named;
  }

  // From each unit in turn, so that few questions come from many units.
  function draw(some, count) {
    const piles = new Map();
    for (const question of some) piles.set(question.unit, [...(piles.get(question.unit) || []), question]);
    const shuffled = list => list.map(x => [Math.random(), x]).sort((a, b) => a[0] - b[0]).map(([, x]) => x);
    const decks = shuffled([...piles.values()].map(shuffled));
    const found = [];
    while (found.length < Math.min(count, some.length)) {
      for (const deck of decks) if (deck.length && found.length < count) found.push(deck.pop());
    }
    return shuffled(found).map(question => question.id);
  }

  function setUp() {
    clearInterval(clock);
    const select = state.choices(units);
    const count = number('count', words.asked, 8, questions.length);
    const time = number('time', words.minutes, 30, 240);
    const begin = element('button', words.begin, { id: 'begin', type: 'button' });
    begin.addEventListener('click', () => {
      const ids = draw(state.chosen(select.value), Math.max(1, Number(count.lastChild.value) || 8));
      kept = { ids, at: 0, began: Date.now(), minutes: Math.max(1, Number(time.lastChild.value) || 30), since: Date.now(), shown: false, typed: '', made: [], done: [] };
      keep();
      ask();
    });
    const row = element('div', '', { className: 'choices' });
    row.append(select, count, time, begin);
    place.replaceChildren(row, element('p', state.note, { className: 'note' }));
  }

  function ask(failure) {
    const question = byId.get(kept.ids[kept.at]);
    if (!question) { end(failure); return; }
    const time = element('p', '', { id: 'clock', className: 'place' });
    time.setAttribute('role', 'timer');
    const tick = () => {
      const left = Math.ceil((kept.began + kept.minutes * 60_000 - Date.now()) / 1000);
      time.textContent = left > 0
        ? `${Math.floor(left / 60)}:${String(left % 60).padStart(2, '0')} ${words.left}` : words.over;
      time.classList.toggle('failed', left <= 0);
    };
    clearInterval(clock);
    clock = setInterval(tick, 1000);
    tick();
    const typed = element('textarea', kept.typed, { id: 'typed', rows: 6 });
    typed.addEventListener('input', () => { kept.typed = typed.value; keep(); });
    const label = element('label', words.type);
    label.append(typed);
    const show = element('button', words.show, { id: 'show', type: 'button' });
    const stop = element('button', words.stop, { id: 'end', type: 'button' });
    show.addEventListener('click', () => { kept.shown = true; keep(); answer(question, show); });
    stop.addEventListener('click', () => { kept.ids.length = kept.at; keep(); ask(); });
    const at = filled(words.of, kept.at + 1, kept.ids.length);
    place.replaceChildren(time, element('p', `${at} · ${units[question.unit]}`, { className: 'place' }),
      element('h2', question.question), label, show, stop);
    if (failure) place.prepend(failure);
    if (kept.shown) answer(question, show);
  }

  function answer(question, show) {
    const parts = [];
    if (question.points.length) {
      const list = element('fieldset', '', { id: 'points' });
      list.append(element('legend', words.points));
      question.points.forEach((point, at) => {
        const tick = element('input', '', { type: 'checkbox', checked: kept.made.includes(at) });
        tick.addEventListener('change', () => {
          kept.made = [...list.querySelectorAll('input')].flatMap((box, i) => (box.checked ? [i] : []));
          keep();
        });
        const label = element('label');
        const text = element('span');
        text.innerHTML = point;
        label.append(tick, text);
        list.append(label);
      });
      parts.push(list);
    }
    const row = element('div', '', { className: 'grades' });
    for (const grade of grades) {
      const button = element('button', words[grade], { type: 'button', id: grade });
      button.addEventListener('click', () => judge(question, grade, row));
      row.append(button);
    }
    const [asks, reply] = question.next;
    const further = element('details', '', { id: 'next' });
    const summary = element('summary');
    const said = element('p');
    summary.innerHTML = `${words.follow_up}${words.colon}${asks}`;
    said.innerHTML = reply;
    further.append(summary, said);
    parts.push(further);
    const answers = state.answer({ ...question, parts: { ...question.parts, follow_up: '' } });
    show.replaceWith(...parts, ...answers, row);
  }

  async function judge(question, grade, row) {
    for (const button of row.children) button.disabled = true;
    let failure;
    try { await state.grade(question.id, grade); } catch (error) { failure = state.failed(error); }
    const time = Date.now() - kept.since;
    const made = question.points.length ? [kept.made.length, question.points.length] : null;
    kept.done.push({ id: question.id, grade, time, made });
    Object.assign(kept, { at: kept.at + 1, since: Date.now(), shown: false, typed: '', made: [] });
    keep();
    ask(failure);
    scrollTo(0, 0);
  }

  function end(failure) {
    clearInterval(clock);
    const table = element('table');
    const head = element('tr');
    for (const name of [words.unit, ...grades.map(grade => words[grade]), words.made, words.time]) {
      head.append(element('th', name, { scope: 'col' }));
    }
    table.append(head);
    for (const [unit, title] of Object.entries(units)) {
      const here = kept.done.filter(one => byId.get(one.id).unit === unit);
      if (!here.length) continue;
      const row = element('tr');
      const points = here.filter(one => one.made).map(one => one.made);
      const sum = at => points.reduce((total, pair) => total + pair[at], 0);
      row.append(element('th', title, { scope: 'row' }));
      for (const grade of grades) row.append(element('td', here.filter(one => one.grade === grade).length));
      row.append(element('td', points.length ? `${sum(0)} / ${sum(1)}` : ''),
        element('td', minutes(here.reduce((total, one) => total + one.time, 0))));
      table.append(row);
    }
    const known = kept.done.filter(one => one.grade === 'knew').length;
    const weak = kept.done.filter(one => one.grade !== 'knew').map(one => byId.get(one.id));
    const once = element('button', words.start, { id: 'again', type: 'button' });
    once.addEventListener('click', () => { kept = null; keep(); setUp(); });
    const scroll = element('div', '', { className: 'scroll' });
    scroll.append(table);
    place.replaceChildren(element('h2', words.result), element('p', filled(words.known, known, kept.done.length)), scroll,
      element('h2', words.study), weak.length ? study(weak) : element('p', words.nothing), once);
    if (failure) place.prepend(failure);
  }

  function study(weak) {
    const list = element('div', '', { id: 'study' });
    for (const question of weak) list.append(element('h3', ''), state.proof([question]));
    list.querySelectorAll('h3').forEach((heading, at) =>
      heading.append(element('a', weak[at].question, { href: weak[at].url })));
    return list;
  }

  if (kept) ask(); else setUp();
})();
