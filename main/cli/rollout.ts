/** `takeover rollout`: episodes headless, recorded like any others. */
import { z } from 'zod';
import { systemClock } from '../api/clock.ts';
import { type EpisodeSummary, interventionRate } from '../api/episode.ts';
import { observationKindSchema } from '../api/observation.ts';
import { episodeSeed, taskIdSchema } from '../api/task.ts';
import { SCRIPTED_POLICY_NAME } from '../engine/policy/scripted-policy.ts';
import { ENCODER_HELP } from '../runs/encoder-choice.ts';
import { findPolicy } from '../runs/policy-registry.ts';
import { letDecide, newestClassifier } from '../study/classifier/project-classifier.ts';
import { episodeOf, openSession } from '../study/session.ts';
import { parseVerb } from './arguments.ts';
import { noiseSchema, recordedEpisodesSchema } from './options.ts';
import { createProgress, percent, printJson } from './output.ts';

export async function run(rest: readonly string[]): Promise<number> {
  const options = parseVerb(
    'rollout',
    {
      policy: {
        type: 'string',
        help: 'starter, scripted, or a policy of this project such as run-2/1200 (default starter)',
      },
      operator: { type: 'string', help: 'none or scripted: who corrects the policy (default none)' },
      episodes: { type: 'string', help: 'how many (default 10)' },
      task: { type: 'string', help: 'insert, pick-insert or lift (default insert)' },
      observation: { type: 'string', help: 'pixels, state or blind (default: what the policy was trained with)' },
      'success-by': {
        type: 'string',
        help: 'simulator, or classifier: the newest of this project ends episodes as a success (default simulator)',
      },
      encoder: { type: 'string', help: ENCODER_HELP },
      noise: { type: 'string', help: 'standard deviation of acting noise (default: what the policy asks for)' },
    },
    {
      policy: z.string().min(1).default('starter'),
      operator: z.enum(['none', 'scripted']).default('none'),
      episodes: recordedEpisodesSchema(100_000).default(10),
      task: taskIdSchema.default('insert'),
      observation: observationKindSchema.optional(),
      'success-by': z.enum(['simulator', 'classifier']).default('simulator'),
      encoder: z.string().min(1).optional(),
      noise: noiseSchema.optional(),
    },
    rest,
  );
  if (!options) return 0;
  const scripted = options.policy === SCRIPTED_POLICY_NAME;
  const policy = scripted ? undefined : findPolicy(options.data, options.policy);
  await using session = await openSession({
    projectFolder: options.data,
    task: options.task,
    observation: options.observation ?? policy?.manifest.observation ?? 'pixels',
    encoder: options.encoder,
    record: true,
    policy: { kind: scripted ? 'scripted' : 'process' },
    actingNoiseStd: options.noise ?? policy?.manifest.actingNoiseStd,
  });
  const { rig, writer } = session;
  if (policy) {
    const used = await rig.engine.usePolicy(policy.name, policy.manifestPath);
    if (used.kind === 'refused') throw new Error(`${used.message} ${used.remedy}`);
  }
  if (options['success-by'] === 'classifier') await letDecide(rig.engine, newestClassifier(options.data));
  const progress = createProgress('rollout', systemClock, options.json && process.stderr.isTTY !== true);
  const before = writer?.counts();
  const episodes: EpisodeSummary[] = [];
  let simulatedSec = 0;
  let wallSec = 0;
  for (let index = 0; index < options.episodes; index++) {
    const result = await rig.episode(
      episodeSeed('training', index, options.seed),
      options.operator === 'scripted' ? 'supervise' : 'alone',
    );
    episodes.push(episodeOf(result));
    if (result.kind === 'ended') {
      simulatedSec += result.timing.simulatedSec;
      wallSec += result.timing.wallSec;
    }
    progress.update(index + 1, options.episodes, `${episodes.filter(isSuccess).length} solved`);
  }
  progress.end();
  await writer?.drained();
  const after = writer?.counts();
  const result = {
    episodes: episodes.length,
    successes: episodes.filter(isSuccess).length,
    transitions: episodes.reduce((sum, episode) => sum + episode.steps, 0),
    rlTransitions: (after?.rlTransitions ?? 0) - (before?.rlTransitions ?? 0),
    demoTransitions: (after?.demoTransitions ?? 0) - (before?.demoTransitions ?? 0),
    interventionRate: episodes.reduce((sum, episode) => sum + interventionRate(episode), 0) / episodes.length,
    realTimeFactor: wallSec > 0 ? simulatedSec / wallSec : 0,
  };
  if (options.json) printJson(result);
  else
    console.log(
      `${result.successes} of ${result.episodes} episodes solved, ${percent(result.interventionRate)} of the steps by the operator; ` +
        `${result.transitions} transitions (${result.rlTransitions} to the RL buffer, ${result.demoTransitions} to the demo buffer); ` +
        `${result.realTimeFactor.toFixed(1)}\u202f\u00d7 real time`,
    );
  return 0;
}

const isSuccess = (episode: EpisodeSummary) => episode.outcome === 'success';
