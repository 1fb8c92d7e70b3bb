/** `takeover demo`: demonstrations into the demo buffer. Scripted ones here; by hand, in the window (`takeover serve --window`, then R). */
import { z } from 'zod';
import { systemClock } from '../api/clock.ts';
import { observationKindSchema } from '../api/observation.ts';
import { episodeSeed, taskIdSchema } from '../api/task.ts';
import { episodeOf, openSession } from '../study/session.ts';
import { parseVerb } from './arguments.ts';
import { recordedEpisodesSchema } from './options.ts';
import { createProgress, printJson } from './output.ts';

/** A scripted operator that fails this often in a row is broken, not unlucky. */
const MAX_ATTEMPTS_PER_DEMONSTRATION = 5;

export async function run(rest: readonly string[]): Promise<number> {
  const options = parseVerb(
    'demo',
    {
      episodes: { type: 'string', help: 'successful demonstrations to record (default 20)' },
      task: { type: 'string', help: 'insert, pick-insert or lift (default insert)' },
      observation: { type: 'string', help: 'pixels, state or blind (default pixels)' },
      live: { type: 'boolean', help: 'record by hand: opens the window in Demonstrate mode' },
    },
    {
      episodes: recordedEpisodesSchema(10_000).default(20),
      task: taskIdSchema.default('insert'),
      observation: observationKindSchema.default('pixels'),
      live: z.boolean().default(false),
    },
    rest,
  );
  if (!options) return 0;
  if (options.live) {
    const { serve } = await import('./serve.ts');
    return serve({
      data: options.data,
      task: options.task,
      mode: 'demonstrate',
      window: true,
      json: options.json,
      port: 0,
    });
  }
  const startMs = systemClock.nowMs();
  await using session = await openSession({
    projectFolder: options.data,
    task: options.task,
    observation: options.observation,
    record: true,
    policy: { kind: 'process' },
  });
  const { rig, writer } = session;
  const progress = createProgress('demonstrations', systemClock, options.json && process.stderr.isTTY !== true);
  let recorded = 0;
  let attempts = 0;
  let transitions = 0;
  while (recorded < options.episodes) {
    if (attempts >= MAX_ATTEMPTS_PER_DEMONSTRATION * options.episodes)
      throw new Error(
        `only ${recorded} of ${attempts} scripted demonstrations succeeded; expected nearly all. Run \`npx takeover doctor\`, and check the cell's settings.`,
      );
    const episode = episodeOf(await rig.episode(episodeSeed('training', attempts++, options.seed), 'demonstrate'));
    if (episode.outcome === 'success') {
      recorded++;
      transitions += episode.steps;
    } else writer?.discardEpisode(episode.id);
    progress.update(recorded, options.episodes, '');
  }
  progress.end();
  await writer?.drained();
  const result = { demonstrations: recorded, attempts, transitions, wallSec: (systemClock.nowMs() - startMs) / 1000 };
  if (options.json) printJson(result);
  else
    console.log(
      `${recorded} demonstrations (${transitions} transitions) of ${attempts} attempts in ${result.wallSec.toFixed(1)} s`,
    );
  return 0;
}
