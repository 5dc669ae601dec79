(() => {
  const main = () => document.querySelector('main');
  const sign = document.getElementById('live');
  let source = null, timer = 0, busy = false, again = false;

  // Puts what is new in the place of what is shown; what the reader opened stays open, and the page stays where it is.
  async function refresh() {
    if (busy) { again = true; return; }
    busy = true;
    try {
      const answer = await fetch(location.href, { cache: 'no-store' });
      const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
      const fresh = page.querySelector('main');
      if (!fresh || answer.status >= 500) return;
      const open = new Map([...document.querySelectorAll('details[id]')].map((it) => [it.id, it.open]));
      fresh.querySelectorAll('details[id]').forEach((it) => { if (open.has(it.id)) it.open = open.get(it.id); });
      const [x, y] = [scrollX, scrollY];
      main().replaceWith(document.adoptNode(fresh));
      scrollTo(x, y);
      document.title = page.title;
      document.querySelector('footer').textContent = page.querySelector('footer').textContent;
      if (!main().dataset.change) stop('');
    } catch {
      // The agent is away. The stream says when it is back.
    } finally {
      busy = false;
      if (again) { again = false; soon(); }
    }
  }

  // Several events at once are one change.
  const soon = () => { clearTimeout(timer); timer = setTimeout(refresh, 200); };

  function stop(word) {
    if (source) source.close();
    source = null;
    sign.textContent = word;
  }

  // A page that is not looked at holds no connection.
  function listen() {
    if (document.hidden) return stop('');
    if (source || !main().dataset.change) return;
    source = new EventSource('/events');
    source.onopen = () => { sign.textContent = 'live'; soon(); };
    source.onmessage = (event) => {
      const [own, other] = [main().dataset.deployment, JSON.parse(event.data).deployment];
      if (!own || !other || own === other) soon();
    };
    source.onerror = () => {
      sign.textContent = 'not live';
      // A browser comes back by itself, unless it was refused.
      if (source && source.readyState === EventSource.CLOSED) { source = null; setTimeout(listen, 5000); }
    };
  }

  document.addEventListener('visibilitychange', listen);
  setInterval(() => { if (source && main().dataset.change === 'now') soon(); }, 5000);
  listen();
})();
