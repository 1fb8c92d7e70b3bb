/**
 * One study of a run's critics: what they say of unaided episodes, beside the returns that these had. Recorded unaided
 * episodes are the ones in which the operator saw no need to help, nearly all of them successes. New episodes of the
 * newest policy alone, on the selection seeds, show the failures too. They are played in a temporary folder.
 */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { projectFile } from '../../../data/database.ts';
import { episodeSeed } from '../../api/task.ts';
import { readEncoderManifest } from '../../models/encoder-manifest.ts';
import { encoderFor } from '../../runs/encoder-choice.ts';
import { findPolicy } from '../../runs/policies/policy-registry.ts';
import { openRunRows } from '../../runs/run-rows.ts';
import { storedEpisodes } from '../../runs/stored-episodes.ts';
import { readHilState } from '../hil/hil-state.ts';
import { openSession } from '../session.ts';
import { signed } from '../statistics.ts';
import type { CriticMethod, StudiedRun } from './critic-methods.ts';
import type { CriticPanel } from './critic-plot.ts';
import { type CriticReading, readCritics } from './critic-readings.ts';
import { type CriticReport, criticReport, isUnaided } from './critic-report.ts';

export interface CriticStudy {
  readonly project: string;
  readonly run: number;
  readonly studied: StudiedRun;
  /** Actor updates of the checkpoint that its critics come from. */
  readonly step: number;
  readonly policy: string | undefined;
  readonly readings: readonly CriticReading[];
  /** Episodes that ended as a success. */
  readonly solved: ReadonlySet<number>;
  readonly report: CriticReport;
}

export interface CriticStudyRequest {
  readonly projectFolder: string;
  /** Default: the newest run. */
  readonly runId: number | undefined;
  /** Default: the encoder of the session in the project folder. */
  readonly encoder: string | undefined;
  /** Standard deviation of the acting noise in new episodes. */
  readonly noise: number;
  /** Number of new episodes; 0 = study the recorded ones. */
  readonly newEpisodes: number;
  readonly onEpisode: (done: number) => void;
}

/** A run whose critics are studied, with its encoder. */
type Run = Awaited<ReturnType<typeof findRun>>;

export async function studyCritics(request: CriticStudyRequest): Promise<CriticStudy> {
  const { projectFolder } = request;
  const run = await findRun(request);
  if (request.newEpisodes === 0) return studyEpisodes(projectFolder, run, projectFolder);
  if (run.policy === undefined) throw new Error(`run ${run.id} has published no policy to play. Leave out --episodes.`);
  const scratch = mkdtempSync(join(tmpdir(), 'takeover-critic-'));
  try {
    await play(scratch, run, run.policy, request);
    return await studyEpisodes(projectFolder, run, scratch);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

async function findRun({ projectFolder, ...request }: CriticStudyRequest) {
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
  const { algorithm, preset, task, observation } = spec;
  const encoderManifestPath = encoderFor(
    observation,
    request.encoder ?? readHilState(projectFolder)?.encoder,
    projectFolder,
  );
  const encoder = encoderManifestPath === undefined ? {} : { encoder: readEncoderManifest(encoderManifestPath).name };
  const settings = { ...(await rows.settings(id)), task, observation, ...encoder };
  const studied: StudiedRun = { algorithm, preset, settings };
  return { id, spec, policy, encoderManifestPath, studied };
}

/** `episodesIn`: the folder that holds the episodes. */
async function studyEpisodes(projectFolder: string, run: Run, episodesIn: string): Promise<CriticStudy> {
  const { id: runId, spec, policy, encoderManifestPath, studied } = run;
  const unaided = (await storedEpisodes(episodesIn)).filter(isUnaided);
  if (unaided.length === 0)
    throw new Error(`${episodesIn} holds no episode that a policy drove alone. Play some with --episodes 30.`);
  const episodes = new Map(unaided.map(({ id, steps }) => [id, steps]));
  const reading = { projectFolder, runId, spec, episodesIn, episodes, encoderManifestPath };
  const { step, readings } = await readCritics(reading);
  if (readings.length === 0)
    throw new Error(
      `none of the ${unaided.length} unaided episodes in ${episodesIn} holds all that run ${runId} observes. Play some with --episodes 30.`,
    );
  const solved = new Set(unaided.filter(({ outcome }) => outcome === 'success').map(({ id }) => id));
  const report = criticReport(readings, solved);
  return { project: projectFolder, run: runId, studied, step, policy, readings, solved, report };
}

/** Records new episodes of the policy alone in the folder `scratch`. */
async function play(
  scratch: string,
  { spec, encoderManifestPath }: Run,
  policyName: string,
  { projectFolder, noise, newEpisodes, onEpisode }: CriticStudyRequest,
): Promise<void> {
  const policy = findPolicy(projectFolder, policyName);
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
    policy,
    actingNoiseStd: noise,
    encoder: encoderManifestPath,
  });
  session.rig.engine.change({ actingNoiseStd: noise });
  for (let index = 0; index < newEpisodes; index++) {
    await session.episode(episodeSeed('selection', index), 'alone');
    onEpisode(index + 1);
  }
  await session.writer?.drained();
}

/** Returns one panel per method, with the readings of all its studies. */
export function panelsOf(studies: readonly CriticStudy[], methods: readonly CriticMethod[]): CriticPanel[] {
  return methods.map((method) => {
    const own = method.studies.flatMap((at) => studies[at] ?? []);
    // Each project counts its episodes from 1, so ids are made distinct before projects are pooled.
    const pooledId = (id: number, at: number) => id * own.length + at;
    const readings = own.flatMap((study, at) =>
      study.readings.map((reading) => ({ ...reading, episodeId: pooledId(reading.episodeId, at) })),
    );
    const solved = new Set(own.flatMap((study, at) => [...study.solved].map((id) => pooledId(id, at))));
    const report = criticReport(readings, solved);
    return {
      title: method.name,
      notes: [
        `bias ${signed(report.bias)}, RMSE ${report.rmse.toFixed(2)}, r ${report.correlation.toFixed(2)}`,
        `${report.episodes} episodes, ${report.failures?.episodes ?? 0} of them failures; ${own.length === 1 ? '1 run' : `${own.length} runs`}`,
        ...(method.own.length > 0 ? [method.own.join(', ')] : []),
      ],
      points: readings.map((reading) => ({ ...reading, success: solved.has(reading.episodeId) })),
      bins: report.bins,
    };
  });
}
