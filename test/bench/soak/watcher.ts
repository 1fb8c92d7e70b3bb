/**
 * The window that only watches: it sends questions, reconnects with its token and sometimes claims the controls. It
 * also runs the fuzzer.
 */
import type { Fuzzer } from './fuzzer.ts';
import type { WatcherEvent } from './schedule.ts';
import type { World } from './world.ts';

export async function look(world: World, fuzzer: Fuzzer, event: WatcherEvent): Promise<void> {
  const { watcher, tally, clock, disturbances } = world;
  switch (event.kind) {
    case 'look': {
      if (!(await watcher.ensure())) return;
      const askedMs = clock.nowMs();
      const reply = await watcher.call('classifier.state');
      if (reply.kind === 'answer' && !disturbances.engineSince(askedMs)) tally.probesMs.push(clock.nowMs() - askedMs);
      await watcher.call('episode.list', { limit: 50 });
      await watcher.call('run.list');
      await watcher.call('run.readiness');
      return;
    }
    case 'reconnect':
      // The watcher may hold the controls, and its loss then stops the arm.
      if (watcher.status()?.holdsControls) disturbances.note('window closed');
      watcher.close();
      await watcher.ensure();
      return;
    case 'claim':
      if (!(await watcher.ensure())) return;
      await watcher.call('controls.claim');
      await watcher.call('settings.set', { autoStart: true });
      return;
    case 'subscribe':
      if (!(await watcher.ensure())) return;
      watcher.window()?.socket.send(JSON.stringify({ kind: 'subscribe', streams: ['poses', 'wrist'], maxHz: 60 }));
      return;
    case 'fuzz':
      await fuzzer.burst(event.messages, event.seed);
      return;
    case 'strangers':
      await fuzzer.strangers(event.seed);
      return;
    default:
      return event satisfies never;
  }
}
