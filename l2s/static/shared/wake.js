/**
 * The page's own news for a connection: network back, page hidden, page shown again.
 *
 * A page that goes into the back/forward cache must hang up: its socket would be a ghost at the server, and an open one
 * keeps the page out of that cache.
 *
 * @import {Connection} from './connection.js'
 */

/**
 * Starts the connection and keeps it told. The answer undoes both.
 * @param {Connection} connection
 */
export function keepAwake(connection) {
  const stop = new AbortController();
  const { signal } = stop;
  addEventListener('online', () => connection.wake(), { signal });
  addEventListener('pagehide', () => connection.stop(), { signal });
  addEventListener(
    'pageshow',
    event => {
      if (event.persisted) connection.start();
    },
    { signal },
  );
  document.addEventListener('visibilitychange', () => connection.attend(!document.hidden), { signal });
  connection.attend(!document.hidden);
  connection.start();
  return () => {
    stop.abort();
    connection.stop();
  };
}
