/**
 * Users, sites, sessions: pages made by the server, on which an operator is as present as in the inbox. The console's own
 * desk, alarm and count stand behind them; nothing is drawn but the rail, the title and the bar of the sound.
 */
import { realClock } from '../shared/clock.js';
import { dataOf, onActs, perFrame, slots } from '../shared/dom.js';
import { speak } from '../shared/texts.js';
import { keepAwake } from '../shared/wake.js';
import { Alarm } from './alarm.js';
import { Desk } from './desk.js';
import { dial, heed } from './heed.js';

/** Called once, by page.js. */
export function standBy() {
  const config = dataOf('config');
  const { title } = document;
  speak(document.documentElement.lang, dataOf('texts'));
  const slot = slots(document.body);
  const desk = new Desk({ open: () => dial(config), config, clock: realClock });
  const alarm = new Alarm(slot, realClock);
  const draw = perFrame(() => {
    slot.meDot.dataset.on = String(desk.connection.phase === 'live' && Boolean(desk.me?.available));
    alarm.draw(false);
  });
  desk.addEventListener('change', () => {
    const count = heed(desk, slot, alarm);
    document.title = count ? `(${count}) ${title}` : title;
    draw();
  });
  desk.addEventListener('told', event => {
    if (event instanceof CustomEvent && event.detail.what === 'signed_out') location.assign(`${config.base}login`);
  });
  alarm.addEventListener('change', draw);
  onActs(alarm.acts);
  keepAwake(desk.connection);
}
