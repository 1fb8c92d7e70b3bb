/** `takeover hil`: the whole loop headless, with the scripted operator in the person's place. Interrupted, it goes on where it was. */
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { systemClock } from '../api/clock.ts';
import { observationKindSchema } from '../api/observation.ts';
import { algorithmSchema, presetSchema, recipeSchema } from '../api/run.ts';
import { taskIdSchema } from '../api/task.ts';
import { recipeOf, recipes } from '../learn/recipes/recipe-registry.ts';
import { ENCODER_HELP, encoderFor, encoderNamed } from '../runs/encoder-choice.ts';
import { FIRST_ONLINE_INDEX, isOver } from '../study/hil/hil.ts';
import { type HilBudget, runHilSession, stateFor } from '../study/hil/hil-session.ts';
import { type HilRound, type HilState, hilPlanSchema } from '../study/hil/hil-state.ts';
import { parseVerb, settingsSchema } from './arguments.ts';
import { anyNumber, evaluatedEpisodesSchema, noiseSchema, wholeNumber } from './options.ts';
import { createProgress, percent, printJson, table } from './output.ts';
import { checkSettings } from './settings-option.ts';
import { threadsAlone, threadsSchema } from './threads-option.ts';

function parse(rest: readonly string[]) {
  return parseVerb(
    'hil',
    {
      demos: { type: 'string', help: 'successful demonstrations to start with (default 20)' },
      episodes: { type: 'string', help: 'corrected episodes in all (default 200)' },
      round: { type: 'string', help: 'episodes per round (default 40)' },
      task: { type: 'string', help: 'insert, pick-insert or lift (default insert)' },
      observation: { type: 'string', help: 'pixels, or a control: state, blind (default pixels)' },
      algorithm: { type: 'string', help: 'conrft, cal-ql, rlpd, hil-serl, imitation or ppo (default conrft)' },
      preset: { type: 'string', help: 'cell, paper or released-code, as far as the algorithm has it (default cell)' },
      recipe: {
        type: 'string',
        help: `algorithm, preset and settings at once: ${recipes()
          .map(({ name }) => name)
          .join(', ')}`,
      },
      scratch: { type: 'boolean', help: 'no offline stage: begin online with fresh weights' },
      settings: { type: 'string', help: 'settings that differ from the preset, as JSON: \'{"online": {"beta": 1}}\'' },
      encoder: { type: 'string', help: ENCODER_HELP },
      threads: { type: 'string', help: `threads that learn (here ${threadsAlone()})` },
      'max-minutes': { type: 'string', help: 'no new episode is begun after this (default 40)' },
      'selection-episodes': { type: 'string', help: 'episodes to choose a checkpoint by, each round (default 30)' },
      'report-episodes': { type: 'string', help: 'episodes of the final measurement (default 100)' },
      'training-noise': { type: 'string', help: 'acting noise while learning (default 0)' },
      noise: { type: 'string', help: 'acting noise in evaluations (default 0.1)' },
      results: {
        type: 'string',
        help: 'file to append the result to (default: hil-results.jsonl in the project folder)',
      },
    },
    {
      demos: wholeNumber(1, FIRST_ONLINE_INDEX, 'attempts at demonstrations have that many seeds').default(20),
      episodes: wholeNumber(0, 10_000, 'the seeds of a session end there').default(200),
      round: wholeNumber(1, 1000, 'a round ends with an evaluation').default(40),
      task: taskIdSchema.default('insert'),
      observation: observationKindSchema.default('pixels'),
      algorithm: algorithmSchema.optional(),
      preset: presetSchema.optional(),
      recipe: recipeSchema.optional(),
      scratch: z.boolean().default(false),
      settings: settingsSchema,
      encoder: z.string().min(1).optional(),
      threads: threadsSchema.default(threadsAlone()),
      'max-minutes': anyNumber(0.01, Number.POSITIVE_INFINITY, 'no episode is begun after it').default(40),
      'selection-episodes': evaluatedEpisodesSchema(1000).default(30),
      'report-episodes': evaluatedEpisodesSchema(10_000).default(100),
      'training-noise': noiseSchema.default(0),
      noise: noiseSchema.default(0.1),
      results: z.string().min(1).optional(),
    },
    rest,
  );
}
export async function run(rest: readonly string[]): Promise<number> {
  const options = parse(rest);
  if (!options) return 0;
  const projectFolder = options.data;
  const recipe = options.recipe && recipeOf(options.recipe);
  const plan = hilPlanSchema.parse({
    ...{ seed: options.seed, demos: options.demos, task: options.task, observation: options.observation },
    algorithm: options.algorithm ?? recipe?.algorithm ?? 'conrft',
    preset: options.preset ?? recipe?.preset ?? 'cell',
    ...{ recipe: recipe?.name, scratch: options.scratch, settings: options.settings },
    ...(options.encoder !== undefined && { encoder: encoderNamed(options.encoder) }),
    ...{ round: options.round, selectionEpisodes: options['selection-episodes'] },
    ...{ noise: options.noise, trainingNoise: options['training-noise'] },
  });
  checkSettings(plan, encoderFor(plan.observation, plan.encoder));
  const state = stateFor(projectFolder, plan);
  if (isOver(state)) console.error(`takeover hil: ${overWords(projectFolder, state)}`);
  const progress = createProgress('hil', systemClock, options.json && process.stderr.isTTY !== true);
  const budget: HilBudget = {
    episodes: options.episodes,
    reportEpisodes: options['report-episodes'],
    maxMinutes: options['max-minutes'],
    threads: options.threads,
  };
  const { rounds, finalSuccessRate, wallSec } = await runHilSession(projectFolder, state, budget, {
    onProgress: (title, done, total, note) => progress.update(done, total, `${title} ${note}`),
    onRound: (round) => {
      progress.end();
      if (!options.json) console.log(table(HEADER, [rowOf(round)]));
    },
  });
  progress.end();
  if (!isOver(state)) {
    const details = { ...plan, rounds, finalSuccessRate, wallSec };
    appendFileSync(options.results ?? join(projectFolder, 'hil-results.jsonl'), `${JSON.stringify(details)}\n`);
  }
  const { seed, demos } = plan;
  if (options.json) printJson({ seed, demos, rounds: rounds.map(roundLine), finalSuccessRate, wallSec });
  else {
    console.log(`\n${table(HEADER, rounds.map(rowOf))}\n`);
    console.log(
      `Without help on the report seeds: ${percent(finalSuccessRate)} after ${(wallSec / 60).toFixed(1)} min. ` +
        `Algorithm ${plan.algorithm}, preset ${plan.preset}; reward and the end of an episode come from the simulator.`,
    );
  }
  return 0;
}

/** Describes the settings of a finished session, because no run is started for it again. */
function overWords(projectFolder: string, state: HilState): string {
  const report = state.rounds.at(-1)?.evaluation.episodes ?? 0;
  const made = [
    ...[`--episodes ${state.onlineEpisodes}`, `--round ${state.round}`],
    ...[`--selection-episodes ${state.selectionEpisodes}`, `--report-episodes ${report}`],
    ...[`--noise ${state.noise}`, `--training-noise ${state.trainingNoise}`],
  ];
  return `the session in ${projectFolder} is over, so nothing is run. It was made with ${made.join(' ')}. Use another --data folder for a new session.`;
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
