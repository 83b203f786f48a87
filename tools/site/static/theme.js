// Before anything is drawn: light or dark, as chosen here or else as the system has it.
(() => {
  const dark = matchMedia('(prefers-color-scheme: dark)');
  const kept = () => { try { return localStorage.getItem('mft-theme'); } catch { return null; } };
  const set = () => { document.documentElement.dataset.theme = kept() || (dark.matches ? 'dark' : 'light'); };
  dark.addEventListener('change', set);
  set();
})();
