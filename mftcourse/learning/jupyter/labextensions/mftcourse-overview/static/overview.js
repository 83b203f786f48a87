/*
 * The overview as a tab of JupyterLab. It shows what the server says at mft/overview, and asks again every two
 * seconds while someone looks. Written by hand in the form that JupyterLab loads extensions in (a container of
 * webpack's module federation), so that there is nothing to build.
 */
(() => {
  const config = JSON.parse(document.getElementById('jupyter-config-data').textContent);
  const SECONDS = 2;
  // JupyterLab drops the place in a notebook from the address, and does not go there.
  const [asked, place] = [window.location.pathname.split('/tree/')[1], window.location.hash].map(decodeURIComponent);
  let shared;

  // A module of JupyterLab's own.
  const load = async name => (await Object.values(shared[name])[0].get())();

  const overview = Widget =>
    class extends Widget {
      constructor(commands) {
        super();
        this.commands = commands;
        this.id = 'mft-overview';
        this.title.label = 'Overview';
        this.title.caption = 'The units of the course, and how far you, or your class, are';
        this.addClass('mft-Overview');
        this.node.tabIndex = -1;
        this.node.addEventListener('click', event => this.follow(event));
        const timer = setInterval(() => this.refresh(), SECONDS * 1000);
        this.disposed.connect(() => clearInterval(timer));
      }

      // The way back is always there: "Close All Tabs" leaves this one.
      onCloseRequest() {}

      onAfterShow() {
        this.refresh();
      }

      onActivateRequest() {
        this.node.focus();
      }

      async refresh() {
        if (!this.isVisible || document.hidden || this.asking) {
          return;
        }
        this.asking = true;
        try {
          const answer = await fetch(`${config.baseUrl}mft/overview`, { cache: 'no-store' });
          const page = await answer.text();
          if (answer.ok && page !== this.shown) {
            const focus = this.node.contains(document.activeElement) && document.activeElement.id;
            this.node.innerHTML = this.shown = page;
            document.getElementById(focus)?.focus();
          } else if (!answer.ok && !this.shown) {
            this.node.textContent = `The overview could not be made (${answer.status}). In a terminal: mft progress`;
          }
        } catch {
          // The server has ended; JupyterLab says so itself.
        } finally {
          this.asking = false;
        }
      }

      async follow(event) {
        const link = event.target.closest('[data-path], [data-run]');
        if (!link || event.ctrlKey || event.metaKey || event.shiftKey) {
          return; // a link in a new tab or window is the browser's
        }
        event.preventDefault();
        if (link.dataset.path) {
          await this.commands.execute('docmanager:open', { path: link.dataset.path });
        } else {
          const { content } = await this.commands.execute('terminal:create-new', {});
          await content.ready;
          content.session.send({ type: 'stdin', content: [`${link.dataset.run}\r`] });
        }
      }
    };

  const goTo = async (commands, path, place) => {
    const opened = await commands.execute('docmanager:open', { path });
    await opened.context.sessionContext.ready;
    const seen = () => {
      const top = opened.node.querySelector(`[data-jupyter-id="${CSS.escape(place.slice(1))}"]`)?.getBoundingClientRect().top;
      return top > 0 && top < window.innerHeight;
    };
    // A notebook draws its cells by and by, and scrolls only to one that it has drawn.
    for (let tries = 0; tries < 20 && !seen(); tries++) {
      opened.setFragment(place);
      await new Promise(done => setTimeout(done, 500));
    }
  };

  const extension = async () => {
    const { Widget } = await load('@lumino/widgets');
    const Overview = overview(Widget);
    const plugin = {
      id: 'mftcourse-overview:plugin',
      autoStart: true,
      activate: app => {
        const style = document.createElement('link');
        style.rel = 'stylesheet';
        style.href = `${config.fullLabextensionsUrl}/mftcourse-overview/static/overview.css`;
        document.head.append(style);
        void app.restored.then(() => {
          // First start: nothing was open and no unit is asked for. Later what was open last stays in front; an
          // instructor's start is always on the class.
          const { shell } = app;
          const first = [...shell.widgets('main')][0];
          shell.add(new Overview(app.commands), 'main', {
            activate: (!first || config.mftFront === true) && !config.treePath,
            ...(first && { mode: 'tab-before', ref: first.id })
          });
          if (place && /\.ipynb$/.test(asked)) {
            void goTo(app.commands, asked, place);
          }
        });
      }
    };
    return () => plugin;
  };

  window._JUPYTERLAB = window._JUPYTERLAB || {};
  window._JUPYTERLAB['mftcourse-overview'] = {
    init: scope => {
      shared = scope;
    },
    get: extension
  };
})();
