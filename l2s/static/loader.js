/**
 * The one script of a stranger's page: launcher, availability, the frame at the first click. It writes no storage.
 *
 * It reads one stored key and sees no more of it than its last character: "1" = a chat is open, then the frame comes at once,
 * hidden, so that an answer is heard after a change of page. For everybody else nothing happens before the click but, while
 * the page is visible, one anonymous import every 30 s. Prototypes may be polluted: option objects have none, and nothing
 * of Array or Object is called that a page may have replaced without need. Loaded twice it is one widget.
 */
(() => {
  const mark = Symbol.for('l2s');
  /** @type {any} */
  const page = window;
  const { site, name, colour, language, words } = L2S_CONFIG;
  const tag = document.currentScript;
  const source = (tag instanceof HTMLScriptElement && tag.src) || page.l2s?.src;
  if (page[mark] || !source) return;
  page[mark] = 1;

  const base = source.split('?')[0].replace(/[^/]*$/, '');
  const { origin } = new URL(base);
  const PAUSE = 30000;
  const asked = [document.documentElement.lang, navigator.language, language];
  let lang = 'en';
  for (let i = asked.length; i--; ) if (words[asked[i].split('-')[0]]) lang = asked[i].split('-')[0];
  let { availability, people } = L2S_CONFIG;
  let count = 0;
  let pause = PAUSE;

  /** @param {string} key @param {number} number @param {string} value @returns {string} */
  const word = (key, number, value) => {
    const entry = words[lang][key];
    const text = typeof entry === 'string' ? entry : (entry[new Intl.PluralRules(lang).select(number)] ?? entry.other);
    return text.replace(/\{\w+\}/, () => value);
  };
  /** @template {keyof HTMLElementTagNameMap} K @param {K} kind */
  const make = kind => document.createElement(kind);

  const host = document.createElement('l2s-widget');
  /** @type {any} */
  const shadow = { __proto__: null, mode: 'open' };
  /** @type {any} */
  const once = { __proto__: null, once: true };
  const root = host.attachShadow(shadow);
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(L2S_CSS + (colour && `:host{${colour}}`));
  root.adoptedStyleSheets = [sheet];
  const launcher = make('button');
  const face = make('i');
  const lines = make('span');
  const first = document.createTextNode('');
  const second = make('small');
  const badge = make('b');
  const box = make('div');
  face.ariaHidden = badge.ariaHidden = 'true';
  box.hidden = true;
  lines.append(first, second);
  launcher.append(face, lines, badge);
  root.append(launcher, box);

  const draw = () => {
    const here = availability === 'here';
    // No ListFormat: its first use costs a stranger's page 20 ms and more.
    const names = people.join(' & ');
    first.data = word('title', 1, name);
    second.textContent = count
      ? word('unread', count, `${count}`)
      : word(!availability ? 'failed' : !here ? 'away' : people[0] ? 'here' : 'somebody', people.length, names);
    face.textContent = here && people[0] ? letters(people[0]) : '';
    face.hidden = !face.textContent;
    badge.textContent = `${count}`;
    badge.hidden = !count;
  };
  /** @param {string} who */
  const letters = who => {
    const parts = who.trim().split(/\s+/);
    return (parts[1] ? parts[0][0] + parts[parts.length - 1][0] : who.slice(0, 2)).toUpperCase();
  };

  /** @type {import('./widget/outside.js').Widget | null} */
  let widget = null;
  /** @param {boolean} open */
  const open = open => {
    if (open && !widget) call();
    if (!widget || widget.isOpen === open) return;
    widget.isOpen = open;
    box.hidden = !open;
    launcher.hidden = open;
    widget.opened?.(open);
  };
  const call = () => {
    const frame = make('iframe');
    frame.title = name;
    frame.allow = 'clipboard-write';
    frame.src = `${base}chat/${site}?lang=${lang}`;
    /** @type {import('./widget/outside.js').Widget} */
    const made = { host, frame, launcher, origin, isOpen: false, early: [], open, unread, available, take: null, opened: null };
    widget = made;
    box.append(frame);
    import(`${base}outside.js`).then(
      ({ start }) => start(made),
      () => {
        open(false);
        frame.remove();
        widget = null;
        available('', people);
      },
    );
  };
  addEventListener('message', ({ source, origin: from, data }) => {
    if (!widget || source !== widget.frame.contentWindow || from !== origin) return;
    if (widget.take) widget.take(data);
    else widget.early[widget.early.length] = data;
  });
  /** @param {number} unread */
  const unread = unread => {
    count = unread;
    draw();
  };
  /** @param {string} now  '' = the server is away @param {string[]} who */
  const available = (now, who) => {
    availability = now;
    people = who;
    draw();
  };

  const ask = () => {
    if (document.hidden) {
      document.addEventListener('visibilitychange', ask, once);
      return;
    }
    if (widget) return;
    import(`${base}now/${site}.js?${Math.floor(Date.now() / PAUSE)}`).then(
      ({ now }) => {
        available(now.availability, now.people);
        pause = PAUSE;
        setTimeout(ask, pause);
      },
      () => {
        available('', people);
        pause *= 2;
        setTimeout(ask, pause);
      },
    );
  };

  const begin = () => {
    document.documentElement.append(host);
    draw();
    launcher.addEventListener('click', () => open(true));
    setTimeout(ask, PAUSE);
    try {
      if (localStorage.getItem('l2s')?.endsWith('1')) call();
    } catch {
      // Storage is denied: nothing was kept, so no chat is open.
    }
    const queue = page.l2s?.q;
    /** @param {string} verb */
    page.l2s = verb => (verb === 'open' || verb === 'close') && open(verb === 'open');
    for (let i = 0; i < queue?.length; i++) page.l2s(queue[i][0]);
  };
  if (document.body) begin();
  else document.addEventListener('DOMContentLoaded', begin, once);
})();
