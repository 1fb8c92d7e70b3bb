/**
 * One headless human-in-the-loop session with the cell, the scripted operator and a trainer process, for `hil` and
 * `compare`.
 */
import { isDeepStrictEqual } from 'node:util';
import { makeProjectFolder } from '../../../data/file-trouble.ts';
import { systemClock } from '../../api/clock.ts';
import { UsageError } from '../../api/error-words.ts';
import type { HeadlessRig } from '../../engine/headless-rig.ts';
import { encoderFor } from '../../runs/encoder-choice.ts';
import { launchLocalTrainer } from '../../runs/launchers/local-process.ts';
import { findPolicy } from '../../runs/policies/policy-registry.ts';
import { openRunRows } from '../../runs/run-rows.ts';
import { storedEpisodes } from '../../runs/stored-episodes.ts';
import { episodeOf, openSession, type Session, usePolicy } from '../session.ts';
import { runHil } from './hil.ts';
import type { HilRig } from './hil-record.ts';
import {
  type HilPlan,
  type HilResult,
  type HilRound,
  type HilState,
  isOver,
  newHilState,
  readHilState,
  resultOf,
} from './hil-state.ts';

export interface HilBudget {
  readonly episodes: number;
  readonly reportEpisodes: number;
  readonly reportOffline?: boolean;
  readonly maxMinutes: number;
  /** Threads of the trainer. Default: 1. */
  readonly threads?: number;
}

export interface HilListeners {
  readonly onProgress: (title: string, done: number, total: number, note: string) => void;
  readonly onRound: (round: HilRound) => void;
}

/**
 * Returns the state of the session in a folder, or of a new one. Throws a `UsageError` when the session there has
 * another plan.
 */
export function stateFor(projectFolder: string, plan: HilPlan): HilState {
  makeProjectFolder(projectFolder);
  const stored = readHilState(projectFolder);
  for (const [name, value] of Object.entries(plan)) {
    // Object.entries loses the type of a plan's keys.
    const was = stored?.[name as keyof HilPlan];
    if (stored && !isDeepStrictEqual(was, value))
      throw new UsageError(
        `--${optionOf(name)} ${inWords(value)}: the session in ${projectFolder} was begun with ${inWords(was)}; use another --data folder, or the same option`,
      );
  }
  return stored ?? newHilState(plan);
}

/** Returns the name on the command line: `selection-episodes` for `selectionEpisodes`. */
const optionOf = (name: string) => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

const inWords = (value: unknown) => (typeof value === 'object' ? JSON.stringify(value) : String(value));

export async function runHilSession(
  projectFolder: string,
  state: HilState,
  budget: HilBudget,
  listeners: HilListeners,
): Promise<HilResult> {
  if (isOver(state)) return resultOf(state);
  const encoderManifestPath = encoderFor(state.observation, state.encoder);
  const session = {
    projectFolder,
    task: state.task,
    observation: state.observation,
    encoder: state.encoder,
    policy: { kind: 'process' },
  } as const;
  await using recording = await openSession({ ...session, record: true, actingNoiseStd: state.trainingNoise });
  await using measuring = await openSession({ ...session, record: false, actingNoiseStd: state.noise });
  await using rows = openRunRows(projectFolder);
  return await runHil({
    ...budget,
    ...listeners,
    projectFolder,
    rows,
    state,
    encoderManifestPath,
    rig: hilRig(projectFolder, recording, measuring.rig),
    launch: launchLocalTrainer,
    clock: systemClock,
    manifestPathOf: (policy) => findPolicy(projectFolder, policy).manifestPath,
  });
}

function hilRig(projectFolder: string, { rig, writer }: Session, measuring: HeadlessRig): HilRig {
  return {
    record: async ({ seed, help }) => episodeOf(await rig.episode(seed, help)),
    discard: (episodeId) => writer?.discardEpisode(episodeId),
    recordedAfter: (episodeId) => storedEpisodes(projectFolder, episodeId),
    attempt: async (seed, actingNoiseStd) => {
      measuring.engine.change({ actingNoiseStd });
      return episodeOf(await measuring.episode(seed, 'alone'));
    },
    usePolicy: (name, manifestPath) => usePolicy(rig, name, manifestPath),
    judgePolicy: (name, manifestPath) => usePolicy(measuring, name, manifestPath),
    drained: async () => writer?.drained(),
    newestSequence: () => writer?.newestSequence() ?? 0,
  };
}
