// On every page: the theme's button, the search, and links to the learner's own notebooks where `mft lab` serves.
(() => {
  const root = document.documentElement;
  const up = root.dataset.up;

  document.getElementById('theme').addEventListener('click', () => {
    root.dataset.theme = root.dataset.theme === 'dark' ? 'light' : 'dark';
    try { localStorage.setItem('mft-theme', root.dataset.theme); } catch { /* not kept, then */ }
  });

  // The language switch stays at the same place of the page, where that place has the same name.
  const language = document.getElementById('language');
  const other = language.getAttribute('href');
  const follow = () => { language.href = other + location.hash; };
  addEventListener('hashchange', follow);
  follow();

  // --- search ---
  const field = document.getElementById('search');
  const results = document.getElementById('results');
  const HAN = /[\u3400-\u9fff]+/;
  let loading;
  let entries;

  const load = () => loading ||= new Promise((done, fail) => {
    if (window.MFT_INDEX) return done();
    const script = document.createElement('script');
    script.src = `${up}search-data.js`;
    script.onload = done;
    script.onerror = fail;
    document.head.append(script);
  });

  const termsOf = query => query.toLowerCase().match(/[\u3400-\u9fff]+|[^\s\u3400-\u9fff]+/g) || [];

  // What a long question is made of: words, and pairs of neighbours in Chinese.
  const piecesOf = terms => terms.flatMap(term => HAN.test(term) && term.length > 2
    ? [...term].slice(1).map((_, i) => term.slice(i, i + 2)) : [term.replace(/[?？。，,.!！]+$/, '')]).filter(Boolean);

  function find(query) {
    const terms = termsOf(query);
    if (!terms.length) return [];
    entries ||= window.MFT_INDEX.map(([url, lang, title, text]) => ({
      url, lang, title, text, name: title.toLowerCase(), all: `${title} ${text}`.toLowerCase()
    }));
    const rank = (pieces, least) => {
      // a rare word says more than a frequent one
      const weight = new Map(pieces.map(piece =>
        [piece, Math.log(1 + entries.length / (1 + entries.filter(entry => entry.all.includes(piece)).length))]));
      return entries.map(entry => {
        const here = pieces.filter(piece => entry.all.includes(piece));
        const own = entry.lang === root.lang ? 6 : 0;
        const question = /interview\/[^#]*$/.test(entry.url) ? 4 : 0;
        const word = own && entry.name.split(' · ').includes(query.toLowerCase()) ? 12 : 0;  // in the glossary
        const score = here.reduce((sum, piece) => sum + weight.get(piece) * (1 + 5 * entry.name.includes(piece))
          + Math.min(entry.all.split(piece).length - 1, 9) / 5, own + question + word);
        return { entry, share: here.length / pieces.length, score };
      }).filter(found => found.share >= least).sort((a, b) => b.score - a.score);
    };
    // A word or a phrase stands as it is, if it stands anywhere. Of a sentence, most of the words do.
    const exact = terms.length === 1 ? rank(terms, 1) : [];
    return (exact.length ? exact : rank(piecesOf(terms), 0.6)).slice(0, 25).map(found => found.entry);
  }

  function show(found, query) {
    const terms = [...termsOf(query), ...piecesOf(termsOf(query))];
    results.replaceChildren();
    const count = document.createElement('p');
    count.textContent = found.length ? `${found.length} ${field.dataset.found}` : field.dataset.none;
    results.append(count);
    for (const { url, lang, title, text } of found) {
      const link = document.createElement('a');
      const name = document.createElement('strong');
      const near = document.createElement('span');
      const at = Math.max(...terms.map(term => text.toLowerCase().indexOf(term)).slice(0, 1), 0);
      link.href = up + url;
      link.lang = lang;
      name.textContent = title;
      near.textContent = (at > 40 ? '… ' : '') + text.slice(Math.max(at - 40, 0), at + 120);
      link.append(name, near);
      results.append(link);
    }
    results.hidden = false;
  }

  async function search() {
    const query = field.value.trim();
    if (!query) { results.hidden = true; return; }
    await load();
    if (query === field.value.trim()) show(find(query), query);
  }

  field.addEventListener('focus', () => void load());
  field.addEventListener('input', () => void search());
  field.addEventListener('keydown', event => {
    if (event.key === 'Enter') results.querySelector('a')?.click();
  });
  document.addEventListener('keydown', event => {
    const typing = /^(INPUT|TEXTAREA|SELECT)$/.test(document.activeElement.tagName);
    if (event.key === 'Escape') results.hidden = true;
    if (event.key === '/' && !typing) { event.preventDefault(); field.focus(); }
  });
  document.addEventListener('click', event => {
    if (!event.target.closest('header')) results.hidden = true;
  });
  results.addEventListener('click', event => { if (event.target.closest('a')) results.hidden = true; });

  // --- the learner's own notebooks ---
  window.mftNotebooks = async within => {
    if (!window.MFT_SERVER) return;
    const { base } = window.MFT_SERVER;
    window.MFT_STATE ||= fetch(`${base}mft/quiz`, { cache: 'no-store' }).then(answer => answer.json());
    const { notebooks } = await window.MFT_STATE.catch(() => ({ notebooks: [] }));
    for (const link of within.querySelectorAll('[data-notebook]')) {
      if (!notebooks.includes(link.dataset.notebook)) continue;
      const place = link.dataset.heading ? `#${encodeURIComponent(link.dataset.heading)}` : '';
      link.href = `${base}lab/tree/${link.dataset.notebook}${place}`;
      link.hidden = false;
    }
  };
  void window.mftNotebooks(document);
})();
