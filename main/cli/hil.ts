/** `takeover hil`: the whole loop headless, with the scripted operator in the person's place. Interrupted, it goes on where it was. */
import { appendFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { systemClock } from '../api/clock.ts';
import { observationKindSchema } from '../api/observation.ts';
import { presetSchema } from '../api/run.ts';
import type { HeadlessRig } from '../engine/headless-rig.ts';
import { type HilResult, type HilRig, isOver, resultOf, runHil } from '../runs/hil.ts';
import { type HilRound, type HilState, newHilState, readHilState } from '../runs/hil-state.ts';
import { launchLocalTrainer } from '../runs/local-process.ts';
import { findPolicy } from '../runs/policy-registry.ts';
import { openRunRows } from '../runs/run-rows.ts';
import { parseVerb, UsageError } from './arguments.ts';
import { createProgress, percent, printJson, table } from './output.ts';
import { encoderFor, episodeOf, openSession, type Session } from './session.ts';

const DEFAULT_NOISE = 0.1;

function parse(rest: readonly string[]) {
  return parseVerb(
    'hil',
    {
      demos: { type: 'string', help: 'successful demonstrations to start with (default 20)' },
      episodes: { type: 'string', help: 'corrected episodes in all (default 200)' },
      round: { type: 'string', help: 'episodes per round (default 40)' },
      observation: { type: 'string', help: 'pixels, or a control: state, blind (default pixels)' },
      preset: { type: 'string', help: 'cell, paper or released-code (default cell)' },
      'max-minutes': { type: 'string', help: 'no new episode is begun after this (default 40)' },
      'selection-episodes': { type: 'string', help: 'episodes to choose a checkpoint by, each round (default 30)' },
      'report-episodes': { type: 'string', help: 'episodes of the final measurement (default 100)' },
      'training-noise': { type: 'string', help: 'acting noise while learning (default 0)' },
      noise: { type: 'string', help: `acting noise in evaluations (default ${DEFAULT_NOISE})` },
      results: {
        type: 'string',
        help: 'file to append the result to (default: hil-results.jsonl in the project folder)',
      },
    },
    {
      demos: z.coerce.number().int().min(1).max(1000).default(20),
      episodes: z.coerce.number().int().min(0).max(10_000).default(200),
      round: z.coerce.number().int().min(1).max(1000).default(40),
      observation: observationKindSchema.default('pixels'),
      preset: presetSchema.default('cell'),
      'max-minutes': z.coerce.number().positive().default(40),
      'selection-episodes': z.coerce.number().int().min(1).max(1000).default(30),
      'report-episodes': z.coerce.number().int().min(1).max(10_000).default(100),
      'training-noise': z.coerce.number().min(0).max(0.5).default(0),
      noise: z.coerce.number().min(0).max(0.5).default(DEFAULT_NOISE),
      results: z.string().min(1).optional(),
    },
    rest,
  );
}
type Options = NonNullable<ReturnType<typeof parse>>;

export async function run(rest: readonly string[]): Promise<number> {
  const options = parse(rest);
  if (!options) return 0;
  const projectFolder = options.data;
  mkdirSync(projectFolder, { recursive: true });
  const wanted = { seed: options.seed, demos: options.demos, observation: options.observation, preset: options.preset };
  const stored = readHilState(projectFolder);
  for (const [name, value] of Object.entries(wanted)) {
    const was = stored?.[name as keyof typeof wanted];
    if (stored && was !== value)
      throw new UsageError(
        `--${name} ${value}: the session in ${projectFolder} was begun with ${was}; use another --data folder, or the same option`,
      );
  }
  const state = stored ?? newHilState(wanted);
  const result = isOver(state) ? resultOf(state) : await runSession(options, state);
  const { seed, demos, observation, preset } = state;
  const { rounds, finalSuccessRate, wallSec } = result;
  if (!isOver(state)) {
    const noises = { noise: options.noise, trainingNoise: options['training-noise'] };
    const details = { seed, demos, rounds, finalSuccessRate, wallSec, observation, preset, ...noises };
    appendFileSync(options.results ?? join(projectFolder, 'hil-results.jsonl'), `${JSON.stringify(details)}\n`);
  }
  const line = { seed, demos, rounds: rounds.map(roundLine), finalSuccessRate, wallSec };
  if (options.json) printJson(line);
  else {
    console.log(`\n${table(HEADER, result.rounds.map(rowOf))}\n`);
    console.log(
      `Without help on the report seeds: ${percent(result.finalSuccessRate)} after ${(result.wallSec / 60).toFixed(1)} min. ` +
        `Preset ${options.preset}; reward and the end of an episode come from the simulator.`,
    );
  }
  return 0;
}

async function runSession(options: Options, state: HilState): Promise<HilResult> {
  const projectFolder = options.data;
  const session = {
    projectFolder,
    task: 'insert',
    observation: options.observation,
    policy: { kind: 'process' },
  } as const;
  await using recording = await openSession({ ...session, record: true, actingNoiseStd: options['training-noise'] });
  await using measuring = await openSession({ ...session, record: false, actingNoiseStd: options.noise });
  await using rows = openRunRows(projectFolder);
  const progress = createProgress('hil', systemClock, options.json && process.stderr.isTTY !== true);
  const result = await runHil({
    projectFolder,
    rig: hilRig(recording, measuring.rig),
    rows,
    launch: launchLocalTrainer,
    clock: systemClock,
    state,
    encoderManifestPath: encoderFor(options.observation),
    manifestPathOf: (policy) => findPolicy(projectFolder, policy).manifestPath,
    episodes: options.episodes,
    episodesPerRound: options.round,
    selectionEpisodes: options['selection-episodes'],
    reportEpisodes: options['report-episodes'],
    evaluationNoiseStd: options.noise,
    maxMinutes: options['max-minutes'],
    onProgress: (title, done, total, note) => progress.update(done, total, `${title} ${note}`),
    onRound: (round) => {
      progress.end();
      if (!options.json) console.log(table(HEADER, [rowOf(round)]));
    },
  });
  progress.end();
  return result;
}

/** The keys that the command line promises; the results file has all of them. */
function roundLine({ name, successRate, ci95, interventionRate, episodes, wallSec }: HilRound) {
  return { name, successRate, ci95, interventionRate, episodes, wallSec };
}

const HEADER = ['round', 'alone', '95 % interval', 'steps', 'human steps', 'unaided', 'episodes', 'minutes'];

function rowOf(round: HilRound): readonly string[] {
  return [
    round.name,
    percent(round.successRate),
    `${percent(round.ci95[0])} \u2013 ${percent(round.ci95[1])}`,
    round.meanSteps.toFixed(1),
    percent(round.interventionRate),
    percent(round.unaidedRate),
    String(round.episodes),
    (round.wallSec / 60).toFixed(1),
  ];
}

function hilRig({ rig, writer }: Session, measuring: HeadlessRig): HilRig {
  const use = async (which: HeadlessRig, name: string, manifestPath: string) => {
    const used = await which.engine.usePolicy(name, manifestPath);
    if (used.kind === 'refused') throw new Error(`${used.message} ${used.remedy}`);
  };
  return {
    record: async ({ seed, help }) => episodeOf(await rig.episode(seed, help)),
    discard: (episodeId) => writer?.discardEpisode(episodeId),
    attempt: async (seed, actingNoiseStd) => {
      measuring.engine.change({ actingNoiseStd });
      return episodeOf(await measuring.episode(seed, 'alone'));
    },
    usePolicy: (name, manifestPath) => use(rig, name, manifestPath),
    judgePolicy: (name, manifestPath) => use(measuring, name, manifestPath),
    drained: async () => writer?.drained(),
  };
}
