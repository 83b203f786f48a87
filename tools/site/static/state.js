// Where questions stand: in work/.mft/quiz.json by way of `mft lab`, else in this browser. The rule is the quiz's own.
(() => {
  const KEY = 'mft-quiz';
  const { days, words } = window.MFT;

  const day = (later = 0) => {
    const now = new Date();
    const then = new Date(now.getFullYear(), now.getMonth(), now.getDate() + later);
    return [then.getFullYear(), then.getMonth() + 1, then.getDate()].map(n => String(n).padStart(2, '0')).join('-');
  };

  // As mftcourse.learning.quiz.schedule: missed is due today, partly tomorrow, knew when its box says.
  function schedule(standing, grade) {
    const { box: before = 0, counts = {} } = standing || {};
    const box = { missed: 0, partly: before, knew: Math.min(before + 1, days.length) }[grade];
    const later = { missed: 0, partly: 1, knew: days[box - 1] }[grade];
    return { box, due: day(later), counts: { ...counts, [grade]: (counts[grade] || 0) + 1 } };
  }

  const local = () => { try { return JSON.parse(localStorage.getItem(KEY)) || {}; } catch { return {}; } };
  const cookie = name => document.cookie.match(`\\b${name}=([^;]*)`)?.[1] || '';
  let memory = {};
  const state = { today: day, schedule, note: window.MFT_SERVER ? words.kept : words.local };

  state.standings = async () => {
    if (!window.MFT_SERVER) return (memory = local());
    window.MFT_STATE ||= fetch(`${window.MFT_SERVER.base}mft/quiz`, { cache: 'no-store' }).then(answer => answer.json());
    return (memory = (await window.MFT_STATE).questions);
  };

  state.grade = async (id, grade) => {
    if (window.MFT_SERVER) {
      const answer = await fetch(`${window.MFT_SERVER.base}mft/quiz`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', 'X-XSRFToken': decodeURIComponent(cookie('_xsrf')) },
        body: JSON.stringify({ id, grade })
      });
      const said = await answer.json();
      if (!answer.ok) throw new Error(said.message);
      if (said.note) throw new Error(said.note);
      return (memory[id] = said.standing);
    }
    memory = { ...memory, ...local(), [id]: schedule({ ...memory, ...local() }[id], grade) };
    localStorage.setItem(KEY, JSON.stringify(memory));
    return memory[id];
  };

  // Elements of the cards and of the mock interview.
  state.element = (tag, text = '', about = {}) => Object.assign(document.createElement(tag), { textContent: text }, about);

  state.choices = units => {
    const { element } = state;
    const select = element('select', '', { id: 'unit' });
    select.setAttribute('aria-label', words.all);
    const some = [['', words.all], ['guide', words.guides],
      ...window.MFT.routes.map(({ id, title }) => [id, title]),
      ...['basic', 'senior', 'code'].map(tag => [tag, words[tag]]), ...Object.entries(units)];
    for (const [value, title] of some) select.append(element('option', title, { value }));
    const asked = decodeURIComponent(location.search.slice(1));
    if (some.some(([value]) => value === asked)) select.value = asked;
    return select;
  };

  // The questions of a choice; those of a route in its order.
  state.chosen = value => {
    const { questions, routes } = window.MFT;
    const route = routes.find(({ id }) => id === value);
    if (route) return route.questions.map(id => questions.find(question => question.id === id));
    return questions.filter(({ unit, level, kind, guide }) =>
      !value || [unit, level, kind].includes(value) || (value === 'guide' && guide !== null));
  };

  // The parts of an answer: the short one open, the others folded.
  state.answer = question => {
    const { element } = state;
    const found = Object.entries(question.parts).filter(([, text]) => text).map(([name, text]) => {
      const part = element('details', '', { open: name === 'short' });
      const body = element('div');
      body.innerHTML = text;
      part.append(element('summary', words[name]), body);
      return part;
    });
    found.push(state.proof([question]));
    return found;
  };

  state.proof = questions => {
    const { element } = state;
    const list = element('ul', '', { className: 'proof' });
    const seen = new Set();
    for (const { unit, proof, drills, url, question } of questions) {
      const item = element('li');
      if (questions.length > 1) item.append(element('a', question, { href: url }), ' · ');
      else item.append(`${words.proof}${words.colon}`);
      proof.forEach(([name, href, notebook], at) => {
        const link = element('a', name, { href });
        link.dataset.notebook = notebook;
        link.dataset.heading = name;
        item.append(at ? words.comma : '', link);
      });
      for (const command of [`mft lab ${unit.slice(0, 2)}`, ...drills]) item.append(' · ', element('code', command));
      if (!seen.has(url)) list.append(item);
      seen.add(url);
    }
    void window.mftNotebooks?.(list);
    return list;
  };

  state.failed = error => state.element('p', `${words.lost}${error.message}`, { className: 'note failed' });
  state.filled = (text, ...values) => values.reduce((said, value) => said.replace('{}', value), text);
  window.mftState = state;
})();
