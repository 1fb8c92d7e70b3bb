/**
 * The metronome's timer, in a worker because a browser slows a hidden page's own timers. The first message is the
 * period.
 */
import { every, systemClock } from '../../main/api/clock.ts';

let end = () => {};
self.onmessage = (event: MessageEvent<number>) => {
  end();
  end = every(systemClock, event.data, () => self.postMessage(0), console.error);
};
