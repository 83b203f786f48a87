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
  let loading;

  const load = () => loading ||= new Promise((done, fail) => {
    if (window.MFT_INDEX) return done();
    const script = document.createElement('script');
    script.src = `${up}search-data.js`;
    script.onload = done;
    script.onerror = fail;
    document.head.append(script);
  });

  function show(found, query) {
    const words = query.toLowerCase().match(/[\u3400-\u9fff]{2}|[a-z0-9_]{3,}/g) || [query.toLowerCase()];
    results.replaceChildren();
    const count = document.createElement('p');
    count.textContent = found.length ? `${found.length} ${field.dataset.found}` : field.dataset.none;
    results.append(count);
    for (const { url, lang, title, text } of found) {
      const link = document.createElement('a');
      const name = document.createElement('strong');
      const near = document.createElement('span');
      const at = Math.max(0, ...words.slice(0, 1).map(word => text.toLowerCase().indexOf(word)));
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
    if (query === field.value.trim()) show(window.mftFind(query, root.lang), query);
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
