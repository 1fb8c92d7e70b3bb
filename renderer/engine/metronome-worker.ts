/** A timer in a worker: unlike the page's own, it is not slowed when the window is hidden. Posts at the period it is told. */
import { every, systemClock } from '../../main/api/clock.ts';

let end = () => {};
self.onmessage = (event: MessageEvent<number>) => {
  end();
  end = every(systemClock, event.data, () => self.postMessage(0), console.error);
};
