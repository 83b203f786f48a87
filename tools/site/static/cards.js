// Cards in Leitner's boxes, in the order of `mft quiz`: what is due first, then what is new, the guide's before others.
(async () => {
  const { words, grades, later, units } = window.MFT;
  const { element, filled, ...state } = window.mftState;
  const place = document.getElementById('cards');
  const COUNT = 10;
  let queue, first, missed, again, total;
  let standings = {};

  const select = state.choices(units);
  const table = element('div', '', { id: 'card' });
  place.append(select, element('p', state.note, { className: 'note' }), table);
  select.addEventListener('change', () => begin());

  function begin() {
    const today = state.today();
    const some = state.chosen(select.value);
    const due = some.filter(q => standings[q.id] && standings[q.id].due <= today);
    due.sort((a, b) => standings[a.id].due.localeCompare(standings[b.id].due));
    const fresh = some.filter(q => !standings[q.id]);
    const route = window.MFT.routes.some(({ id }) => id === select.value);
    if (!route) fresh.sort((a, b) => (a.guide === null) - (b.guide === null) || String(a.guide).localeCompare(String(b.guide)));
    queue = [...due, ...fresh].slice(0, COUNT);
    [first, missed, again, total] = [new Map(), [], new Set(), queue.length];
    ask();
  }

  function ask() {
    const card = queue[0];
    table.replaceChildren();
    if (!card) { end(); return; }
    const at = filled(words.of, first.size + !first.has(card.id), total);
    const notes = [at, ...(first.has(card.id) ? [words.again] : []), ...(card.guide !== null ? [words.guide] : [])];
    const show = element('button', words.show, { id: 'show', type: 'button' });
    show.addEventListener('click', () => answer(card, show));
    table.append(element('p', notes.join(' · '), { className: 'place' }), element('h2', card.question),
      element('p', words.aloud), show);
  }

  function answer(card, show) {
    const row = element('div', '', { className: 'grades' });
    for (const grade of grades) {
      const button = element('button', words[grade], { type: 'button', id: grade });
      button.addEventListener('click', () => judge(card, grade, row));
      row.append(button);
    }
    show.replaceWith(...state.answer(card), row);
    row.firstChild.focus({ preventScroll: true });
  }

  async function judge(card, grade, row) {
    for (const button of row.children) button.disabled = true;
    let failure;
    try {
      standings[card.id] = await state.grade(card.id, grade);
    } catch (error) {
      failure = state.failed(error);
    }
    queue.shift();
    if (!first.has(card.id)) first.set(card.id, grade);
    if (grade === 'missed') { again.add(card.id); if (!missed.includes(card)) missed.push(card); }
    if (grade === 'knew') again.delete(card.id);
    if (again.has(card.id)) queue.splice(later, 0, card);
    ask();
    if (failure) table.prepend(failure);
    document.getElementById('show')?.focus({ preventScroll: true });
  }

  function end() {
    const once = element('button', words.start, { type: 'button', id: 'again' });
    once.addEventListener('click', () => begin());
    table.append(element('h2', words.end));
    if (!total) {
      const days = state.chosen(select.value).map(q => standings[q.id]?.due).filter(Boolean).sort();
      table.append(element('p', filled(words.none, days[0])));
      return;
    }
    const known = [...first.values()].filter(grade => grade === 'knew').length;
    table.append(element('p', filled(words.known, known, first.size)));
    if (missed.length) table.append(element('h3', words.study), state.proof(missed));
    table.append(once);
  }

  addEventListener('keydown', event => {
    const at = ['1', '2', '3'].indexOf(event.key);
    if (at >= 0 && !/^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName)) document.getElementById(grades[at])?.click();
  });

  try { standings = await state.standings(); } catch (error) { place.prepend(state.failed(error)); }
  begin();
})();
