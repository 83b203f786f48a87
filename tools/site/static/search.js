// What the search finds, best first. A question as one types it has few words that count: those that carry no topic are
// left out, a rare word says more than a frequent one, and beside what others call a thing stands its name in the course.
(() => {
  const HAN = /[\u3400-\u9fff]/;
  const TITLE = 3, ASKED = 2;  // how much more a word says in a title, and in the question as others ask it
  const NOWHERE = 0.5;  // what a word says that stands in no title and no such question, and a number anywhere
  const OTHER = 0.3;  // what a page in the other language is worth; where there is one in both, only this one is found
  const LEAST = 0.25;  // the share of a query that a page must have
  let entries;

  // Small letters, words apart, one spelling: model.eval → model eval, optimize → optimise.
  const plain = text => text.toLowerCase().replace(/[^a-z0-9\u3400-\u9fff]+/g, ' ').replace(/iz/g, 'is')
    .replace(/(?<=[\u3400-\u9fff])(?=[a-z0-9])|(?<=[a-z0-9])(?=[\u3400-\u9fff])/g, ' ').trim();

  // The part of a word that its other forms share: losses, training, clipped → loss, train, clip.
  const stem = word => word.length < 4 ? word : word
    .replace(/(?<=...)(?:(?<=ss)es|(?<!s)s|ings?|ed|ies|y|e|ly|ations?|ions?|ance|ness)$/, '')
    .replace(/([bdgmnprt])\1$/, '$1');

  // A text as pieces: beginnings of words, and pairs of neighbours in Chinese.
  const piecesOf = text => [...new Set((text.match(/[\u3400-\u9fff]+|[a-z0-9]+/g) || []).flatMap(run =>
    !HAN.test(run) ? ` ${stem(run)}` : run.length < 2 ? run : [...run].slice(1).map((_, i) => run.slice(i, i + 2))))];

  // Put other words in the place of some; an English word is a whole one.
  const replaced = (text, pairs) => pairs.reduce((so, [typed, name]) => HAN.test(typed) ? so.replaceAll(typed, ` ${name} `)
    : so.replaceAll(` ${plain(typed)} `, ` ${plain(name)} `), ` ${text} `.replace(/ /g, '  '));

  const read = () => entries ||= window.MFT_INDEX.map(([url, lang, title, text, also = '']) => {
    const [name, asked, all] = [title, also, `${title} ${text} ${also}`].map(part => ` ${plain(part)} `);
    const names = title.toLowerCase().split(' · ');
    const word = /glossary/.test(url), question = /interview\/(?!glossary|index|large-models)[^#]*$/.test(url);
    const same = word ? names[lang === 'zh' ? names.length - 1 : 0] : url.replace(/^zh\//, '');  // in both languages
    return { url, lang, title, text, name, asked, all, names, word, question, same };
  });

  // Where a piece stands, and what it says there. One types letter by letter, so it is kept.
  const known = new Map();
  const hits = piece => {
    if (!known.has(piece)) {
      const found = read().flatMap(entry => {
        const times = entry.all.split(piece).length - 1;
        const more = entry.name.includes(piece) ? TITLE : entry.asked.includes(piece) ? ASKED : 0;
        return times ? [{ entry, times, more }] : [];
      });
      const lang = HAN.test(piece) ? 'zh' : 'en';
      const [all, some] = [read(), found.map(hit => hit.entry)].map(list => list.filter(e => e.lang === lang).length);
      const named = found.some(({ entry, more }) => more && (entry.word || entry.question));
      known.set(piece, { found, weight: (named && !/^ \d+$/.test(piece) ? 1 : NOWHERE) * Math.log(1 + (all - some + 0.5) / (some + 0.5)) });
    }
    return known.get(piece);
  };

  // Chinese is answered in Chinese, on every page; English words in the language of the page.
  window.mftFind = (query, page) => {
    const lang = HAN.test(query) ? 'zh' : page;
    const { names, empty } = window.MFT_SAID;
    const typed = plain(query), mean = read().reduce((sum, entry) => sum + entry.all.length, 0) / read().length;
    const best = new Map();
    for (const text of new Set([typed, replaced(typed, names[lang])])) {
      const pieces = piecesOf(replaced(text, empty.map(word => [word, ' '])));
      const some = (pieces.length ? pieces : piecesOf(text)).filter(piece => hits(piece).found.length);
      const whole = some.reduce((sum, piece) => sum + hits(piece).weight, 0);
      const found = new Map();
      for (const piece of some) {
        const { weight } = hits(piece);
        for (const { entry, times, more } of hits(piece).found) {
          const often = 2.2 * times / (times + 0.5 + 0.7 * entry.all.length / mean);
          const { share, score } = found.get(entry) || { share: 0, score: 0 };
          found.set(entry, { share: share + weight / whole, score: score + weight * (often + more) });
        }
      }
      for (const [entry, { share, score }] of found) {
        if (share >= LEAST) best.set(entry, Math.max(best.get(entry) || 0, share * score / whole));
      }
    }
    const own = new Set([...best.keys()].filter(entry => entry.lang === lang).map(entry => entry.same));
    return [...best].filter(([entry]) => entry.lang === lang || !own.has(entry.same)).map(([entry, score]) => {
      const itself = entry.lang === lang && entry.names.includes(query.toLowerCase().trim());
      const more = (entry.lang === lang ? 1 : OTHER) * (entry.question ? 1.3 : 1);
      return { entry, score: itself ? Infinity : score * more };
    }).sort((a, b) => b.score - a.score).slice(0, 25).map(found => found.entry);
  };
})();
