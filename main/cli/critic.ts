/**
 * `takeover critic`: what a run's critics said of unaided episodes, beside the returns that these had. Recorded episodes are the
 * ones in which the operator saw no need to help, nearly all of them successes; `--episodes` adds what is missing: it plays new ones, on
 * the selection seeds, with the run's newest policy alone, in a folder that is thrown away.
 */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { projectFile } from '../../data/database.ts';
import { systemClock } from '../api/clock.ts';
import { UsageError } from '../api/error-words.ts';
import type { RunSpec } from '../api/run.ts';
import { episodeSeed } from '../api/task.ts';
import { readEncoderManifest } from '../models/encoder-manifest.ts';
import { ENCODER_HELP, encoderFor } from '../runs/encoder-choice.ts';
import { findPolicy } from '../runs/policy-registry.ts';
import { openRunRows } from '../runs/run-rows.ts';
import { storedEpisodes } from '../runs/stored-episodes.ts';
import { type CriticMethod, criticMethods, type Studied } from '../study/critic/critic-methods.ts';
import { type CriticPanel, criticPlot } from '../study/critic/critic-plot.ts';
import { type CriticReading, readCritics } from '../study/critic/critic-readings.ts';
import { type CriticReport, criticReport, isUnaided } from '../study/critic/critic-report.ts';
import { readHilState } from '../study/hil/hil-state.ts';
import { episodeOf, openSession } from '../study/session.ts';
import { parseVerb } from './arguments.ts';
import { noiseSchema, wholeNumber } from './options.ts';
import { createProgress, percent, printJson, table } from './output.ts';

const parse = (rest: readonly string[]) =>
  parseVerb(
    'critic',
    {
      run: { type: 'string', help: 'number of the run (default: the newest)' },
      projects: {
        type: 'string',
        help: 'several project folders, with commas, instead of --data: the newest run of each',
      },
      episodes: {
        type: 'string',
        help: 'new episodes of the newest policy alone, instead of those recorded (default 0)',
      },
      noise: { type: 'string', help: 'acting noise in new episodes (default 0)' },
      encoder: { type: 'string', help: ENCODER_HELP },
      svg: { type: 'string', help: 'file for a plot of Q against the returns' },
    },
    {
      run: wholeNumber(1, Number.POSITIVE_INFINITY, 'runs are counted from 1').optional(),
      projects: z
        .string()
        .transform((text) => text.split(',').map((folder) => folder.trim()))
        .pipe(z.array(z.string().min(1)))
        .optional(),
      episodes: wholeNumber(0, 10_000, 'more returns do not change what their plot shows').default(0),
      noise: noiseSchema.default(0),
      encoder: z.string().min(1).optional(),
      svg: z.string().min(1).optional(),
    },
    rest,
  );

export async function run(rest: readonly string[]): Promise<number> {
  const options = parse(rest);
  if (!options) return 0;
  if (options.projects && options.run !== undefined)
    throw new UsageError('--run: expected without --projects, whose newest runs are read');
  const progress = createProgress('critic', systemClock, options.json && process.stderr.isTTY !== true);
  const studies: Study[] = [];
  for (const projectFolder of options.projects ?? [options.data])
    studies.push(
      await study({
        ...{ projectFolder, runId: options.run, encoder: options.encoder, noise: options.noise },
        newEpisodes: options.episodes,
        onEpisode: (done) => progress.update(done, options.episodes, projectFolder),
      }),
    );
  progress.end();
  const methods = criticMethods(studies.map(({ studied }) => studied));
  const methodOf = (at: number) =>
    methods.flatMap(({ name, own, studies: its }) => (its.includes(at) ? [name, ...own] : [])).join(', ');
  if (options.svg !== undefined) writeFileSync(options.svg, criticPlot(panelsOf(studies, methods)));
  if (options.json) {
    const results = studies.map(({ run, project, step, policy, report }, at) => ({
      ...{ run, project, method: methodOf(at), step, policy, source: options.episodes > 0 ? 'new' : 'recorded' },
      ...report,
    }));
    printJson(options.projects ? { projects: results } : results[0]);
  } else console.log(inWords(studies, methodOf, options.episodes));
  return 0;
}

interface Study {
  readonly project: string;
  readonly run: number;
  readonly studied: Studied;
  /** Actor updates that its critics come from. */
  readonly step: number;
  readonly policy: string | undefined;
  readonly readings: readonly CriticReading[];
  readonly solved: ReadonlySet<number>;
  readonly report: CriticReport;
}

interface StudyRequest {
  readonly projectFolder: string;
  /** Undefined = the newest. */
  readonly runId: number | undefined;
  readonly encoder: string | undefined;
  readonly noise: number;
  readonly newEpisodes: number;
  readonly onEpisode: (done: number) => void;
}

async function study(request: StudyRequest): Promise<Study> {
  const { projectFolder } = request;
  const noRuns = `${projectFolder} holds no runs. Start one: \`npx takeover finetune\`, or \`npx takeover hil\`.`;
  if (!existsSync(projectFile(projectFolder))) throw new Error(noRuns);
  await using rows = openRunRows(projectFolder);
  const newest = (await rows.runs())[0];
  if (!newest) throw new Error(noRuns);
  const found = request.runId === undefined ? newest : await rows.run(request.runId);
  if (!found)
    throw new Error(
      `${projectFolder} holds no run ${request.runId}; the newest is ${newest.id}. Name one that is there.`,
    );
  const { id, spec, policy } = found;
  const encoderManifestPath = encoderFor(spec.observation, request.encoder ?? readHilState(projectFolder)?.encoder);
  const { algorithm, preset, task, observation } = spec;
  const encoder = encoderManifestPath === undefined ? {} : { encoder: readEncoderManifest(encoderManifestPath).name };
  const studied = { algorithm, preset, settings: { ...(await rows.settings(id)), task, observation, ...encoder } };
  const read = async (episodesIn: string): Promise<Study> => {
    const episodes = (await storedEpisodes(episodesIn)).filter(isUnaided);
    if (episodes.length === 0)
      throw new Error(`${episodesIn} holds no episode that a policy drove alone. Play some with --episodes 30.`);
    const steps = new Map(episodes.map((episode) => [episode.id, episode.steps]));
    const given = { projectFolder, runId: id, spec, episodesIn, episodes: steps, encoderManifestPath };
    const { step, readings } = await readCritics(given);
    if (readings.length === 0)
      throw new Error(
        `none of the ${episodes.length} unaided episodes in ${episodesIn} holds all that run ${id} observes. Play some with --episodes 30.`,
      );
    const solved = new Set(episodes.filter(({ outcome }) => outcome === 'success').map((episode) => episode.id));
    const report = criticReport(readings, solved);
    return { project: projectFolder, run: id, studied, step, policy, readings, solved, report };
  };
  if (request.newEpisodes === 0) return read(projectFolder);
  if (policy === undefined) throw new Error(`run ${id} has published no policy to play. Leave out --episodes.`);
  const scratch = mkdtempSync(join(tmpdir(), 'takeover-critic-'));
  try {
    await play(scratch, { ...request, spec, policy, encoderManifestPath });
    return await read(scratch);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** Records new episodes of the policy alone, in a folder of their own. */
async function play(
  scratch: string,
  request: StudyRequest & {
    readonly spec: RunSpec;
    readonly policy: string;
    readonly encoderManifestPath: string | undefined;
  },
): Promise<void> {
  const { spec, encoderManifestPath } = request;
  const policy = findPolicy(request.projectFolder, request.policy);
  const encoder = encoderManifestPath === undefined ? undefined : readEncoderManifest(encoderManifestPath);
  if (encoder && policy.manifest.encoderSha256 !== encoder.sha256)
    throw new Error(
      `${policy.name} was trained on another encoder than ${encoderManifestPath}. Name it with --encoder.`,
    );
  await using session = await openSession({
    projectFolder: scratch,
    task: spec.task,
    observation: spec.observation,
    record: true,
    policy: { kind: 'process' },
    actingNoiseStd: request.noise,
    encoder: encoderManifestPath,
  });
  const used = await session.rig.engine.usePolicy(policy.name, policy.manifestPath);
  if (used.kind === 'refused') throw new Error(`${used.message} ${used.remedy}`);
  session.rig.engine.change({ actingNoiseStd: request.noise });
  for (let index = 0; index < request.newEpisodes; index++) {
    episodeOf(await session.rig.episode(episodeSeed('selection', index), 'alone'));
    request.onEpisode(index + 1);
  }
  await session.writer?.drained();
}

const signed = (value: number) => `${value < 0 ? '\u2212' : '+'}${Math.abs(value).toFixed(2)}`;

/** One per method; the sessions of a method share it. */
function panelsOf(studies: readonly Study[], methods: readonly CriticMethod[]): CriticPanel[] {
  return methods.map((method) => {
    const own = method.studies.flatMap((at) => studies[at] ?? []);
    // Ids of episodes are a project's own: they are made distinct before projects are put together.
    const distinct = own.flatMap(({ readings }, at) =>
      readings.map((reading) => ({ ...reading, episodeId: reading.episodeId * own.length + at })),
    );
    const solved = new Set(own.flatMap(({ solved: ids }, at) => [...ids].map((id) => id * own.length + at)));
    const report = criticReport(distinct, solved);
    return {
      title: method.name,
      notes: [
        `bias ${signed(report.bias)}, RMSE ${report.rmse.toFixed(2)}, r ${report.correlation.toFixed(2)}`,
        `${report.episodes} episodes, ${report.failures?.episodes ?? 0} of them failures; ${own.length === 1 ? '1 run' : `${own.length} runs`}`,
        ...(method.own.length > 0 ? [method.own.join(', ')] : []),
      ],
      points: distinct.map((reading) => ({
        value: reading.least,
        return: reading.return,
        success: solved.has(reading.episodeId),
      })),
      bins: report.bins,
    };
  });
}

function inWords(studies: readonly Study[], methodOf: (at: number) => string, newEpisodes: number): string {
  const rows = studies.map(({ run, step, report }, at) => [
    methodOf(at),
    `${run} (${step})`,
    `${report.episodes} (${report.failures?.episodes ?? 0})`,
    String(report.transitions),
    signed(report.bias),
    report.successes ? signed(report.successes.bias) : '–',
    report.failures ? signed(report.failures.bias) : '–',
    report.rmse.toFixed(2),
    report.correlation.toFixed(2),
    percent(report.overestimation),
  ]);
  const header = [
    ...['method', 'run (updates)', 'episodes (failures)', 'steps', 'bias', 'of successes', 'of failures'],
    ...['RMSE', 'r', 'too high'],
  ];
  const [only] = studies;
  const bins =
    studies.length === 1 && only
      ? `\n\n${table(
          ['return', 'steps', 'mean Q', 'mean return', 'bias', 'RMSE'],
          only.report.bins.map((bin) => [
            `${bin.from} to ${bin.to}`,
            String(bin.transitions),
            ...[bin.meanQ, bin.meanReturn, bin.bias, bin.rmse].map((value) => value.toFixed(2)),
          ]),
        )}`
      : '';
  const source =
    newEpisodes > 0
      ? 'New episodes of the newest policy alone, on the selection seeds.'
      : 'Recorded episodes in which nobody helped: nearly all successes, by older policies. --episodes plays new ones.';
  return (
    `${table(header, rows)}${bins}\n\n${source} Q is the least of the critics, bias is mean (Q − return). ` +
    'A time-out counts as never solved. Reward and the end of an episode come from the simulator.'
  );
}
