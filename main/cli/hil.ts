/**
 * `takeover hil`: the whole loop headless, with the scripted operator in the person's place. An interrupted session is
 * resumed.
 */
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { observationKindSchema } from '../api/observation.ts';
import { encoderNamed, mapsOf } from '../runs/encoder-choice.ts';
import {
  FIRST_ONLINE_INDEX,
  type HilPlan,
  type HilRound,
  type HilState,
  hilPlanSchema,
  isOver,
} from '../study/hil/hil-state.ts';
import { learningSec, type RobotTime } from '../study/robot-time.ts';
import { checkSettings, LEARNING, learningOf } from './options/learning.ts';
import { flag, option, parseVerb, type VerbOptions } from './options/parse-verb.ts';
import { TASK } from './options/shared.ts';
import {
  anyNumber,
  evaluatedEpisodes,
  noiseNumber,
  nonEmptyText,
  threadsAlone,
  threadsNumber,
  wholeNumber,
} from './options/values.ts';
import { percent, printJson, progressBar, table } from './output.ts';

const OPTIONS = {
  demos: option(
    'successful demonstrations to start with',
    wholeNumber(1, FIRST_ONLINE_INDEX, 'attempts at demonstrations have that many seeds'),
    20,
  ),
  episodes: option('corrected episodes in all', wholeNumber(0, 10_000, 'the seeds of a session end there'), 200),
  round: option('episodes per round', wholeNumber(1, 1000, 'a round ends with an evaluation'), 40),
  task: TASK,
  observation: option('pixels, or a control: state, blind', observationKindSchema, 'pixels'),
  algorithm: LEARNING.algorithm,
  preset: LEARNING.preset,
  recipe: LEARNING.recipe,
  scratch: flag('no offline stage: begin online with fresh weights'),
  settings: LEARNING.settings,
  encoder: LEARNING.encoder,
  threads: option(`threads that learn (here ${threadsAlone()})`, threadsNumber.default(threadsAlone())),
  'max-minutes': option(
    'no new episode is begun after this',
    anyNumber(0.01, Number.POSITIVE_INFINITY, 'no episode is begun after it'),
    40,
  ),
  'selection-episodes': option('episodes to choose a checkpoint by, each round', evaluatedEpisodes(1000), 30),
  'report-episodes': option('episodes of the final measurement', evaluatedEpisodes(10_000), 100),
  'training-noise': option('acting noise while learning', noiseNumber, 0),
  noise: option('acting noise in evaluations', noiseNumber, 0.1),
  results: option(
    'file to append the result to (default: hil-results.jsonl in the project folder)',
    nonEmptyText.optional(),
  ),
};

function planOf(options: VerbOptions<typeof OPTIONS>): HilPlan {
  const { encoder, 'selection-episodes': selectionEpisodes, 'training-noise': trainingNoise } = options;
  return hilPlanSchema.parse({
    ...{ ...options, selectionEpisodes, trainingNoise },
    ...learningOf(options),
    ...(encoder !== undefined && { encoder: encoderNamed(encoder) }),
  });
}

export async function run(rest: readonly string[]): Promise<number> {
  const options = parseVerb('hil', OPTIONS, rest);
  if (!options) return 0;
  const { data: projectFolder, json } = options;
  const plan = planOf(options);
  await checkSettings(plan, mapsOf(plan.observation, plan.encoder));
  const { runHilSession, stateFor } = await import('../study/hil/hil-session.ts');
  const state = stateFor(projectFolder, plan);
  if (isOver(state)) console.error(`takeover hil: ${overWords(projectFolder, state)}`);
  const progress = progressBar('hil', json);
  const budget = {
    episodes: options.episodes,
    reportEpisodes: options['report-episodes'],
    maxMinutes: options['max-minutes'],
    threads: options.threads,
  };
  const { rounds, finalSuccessRate, wallSec } = await runHilSession(projectFolder, state, budget, {
    onProgress: (title, done, total, note) => progress.update(done, total, `${title} ${note}`),
    onRound: (round) => {
      progress.end();
      if (!json) console.log(table(HEADER, [rowOf(round)]));
    },
  });
  progress.end();
  const robotTime = rounds.at(-1)?.robotTime;
  if (!isOver(state)) {
    const details = { ...plan, rounds, finalSuccessRate, wallSec, robotTime };
    appendFileSync(options.results ?? join(projectFolder, 'hil-results.jsonl'), `${JSON.stringify(details)}\n`);
  }
  const { seed, demos } = plan;
  if (json) printJson({ seed, demos, rounds: rounds.map(roundLine), finalSuccessRate, wallSec, robotTime });
  else {
    console.log(`\n${table(HEADER, rounds.map(rowOf))}\n`);
    console.log(
      `Without help on the report seeds: ${percent(finalSuccessRate)} after ${minutes(wallSec)} min${robotWords(robotTime)}. ` +
        `Algorithm ${plan.algorithm}, preset ${plan.preset}; reward and the end of an episode come from the simulator.`,
    );
  }
  return 0;
}

/** Describes the settings of a finished session, because no run is started for it again. */
function overWords(projectFolder: string, state: HilState): string {
  const report = state.rounds.at(-1)?.evaluation.episodes ?? 0;
  return (
    `the session in ${projectFolder} is over, so nothing is run. It was made with --episodes ${state.onlineEpisodes} ` +
    `--round ${state.round} --selection-episodes ${state.selectionEpisodes} --report-episodes ${report} ` +
    `--noise ${state.noise} --training-noise ${state.trainingNoise}. Use another --data folder for a new session.`
  );
}

/** The keys of a round that `--json` prints. The results file has all of them. */
function roundLine({ name, successRate, ci95, interventionRate, episodes, wallSec, robotTime }: HilRound) {
  return { name, successRate, ci95, interventionRate, episodes, wallSec, robotTime };
}

const minutes = (sec: number) => (sec / 60).toFixed(1);

/** Nothing for a session from before robot time was recorded. */
function robotWords(time: RobotTime | undefined): string {
  if (!time) return '';
  const { demonstrationSec, correctedSec } = time;
  return `. The arm was in use ${minutes(demonstrationSec)} min in demonstrations and ${minutes(correctedSec)} min in corrected episodes (simulated time)`;
}

const HEADER = [
  ...['round', 'alone', '95 % interval', 'steps', 'human steps', 'unaided', 'episodes'],
  ...['wall minutes', 'robot minutes'],
];

function rowOf(round: HilRound): readonly string[] {
  return [
    round.name,
    percent(round.successRate),
    `${percent(round.ci95[0])} \u2013 ${percent(round.ci95[1])}`,
    round.meanSteps.toFixed(1),
    percent(round.interventionRate),
    percent(round.unaidedRate),
    String(round.episodes),
    minutes(round.wallSec),
    round.robotTime ? minutes(learningSec(round.robotTime)) : '–',
  ];
}
