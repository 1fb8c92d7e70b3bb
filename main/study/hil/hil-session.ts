/**
 * One headless human-in-the-loop session with the cell, the scripted operator and a trainer process, for `hil` and
 * `compare`.
 */
import { isDeepStrictEqual } from 'node:util';
import { makeProjectFolder } from '../../../data/file-trouble.ts';
import { systemClock } from '../../api/clock.ts';
import { UsageError } from '../../api/error-words.ts';
import { encoderFor } from '../../runs/encoder-choice.ts';
import { launchLocalTrainer } from '../../runs/launchers/local-process.ts';
import { findPolicy } from '../../runs/policies/policy-registry.ts';
import { openRunRows } from '../../runs/run-rows.ts';
import { storedEpisodes } from '../../runs/stored-episodes.ts';
import { openSession, type Session, usePolicy } from '../session.ts';
import { runHil } from './hil.ts';
import type { HilOptions, HilRig } from './hil-record.ts';
import { type HilPlan, type HilState, isOver, newHilState, readHilState, resultOf } from './hil-state.ts';

export type HilListeners = Pick<HilOptions, 'onProgress' | 'onRound'>;

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
  budget: Pick<HilOptions, 'episodes' | 'reportEpisodes' | 'reportOffline' | 'maxMinutes' | 'threads'>,
  listeners: HilListeners,
) {
  if (isOver(state)) return resultOf(state);
  const { task, observation, encoder } = state;
  const cell = { projectFolder, task, observation, encoder };
  await using recording = await openSession({ ...cell, record: true, actingNoiseStd: state.trainingNoise });
  await using measuring = await openSession({ ...cell, record: false, actingNoiseStd: state.noise });
  await using rows = openRunRows(projectFolder);
  return await runHil({
    ...budget,
    ...listeners,
    projectFolder,
    rows,
    state,
    encoderManifestPath: encoderFor(observation, encoder, projectFolder),
    rig: hilRig(projectFolder, recording, measuring),
    launch: launchLocalTrainer,
    clock: systemClock,
    manifestPathOf: (policy) => findPolicy(projectFolder, policy).manifestPath,
  });
}

function hilRig(projectFolder: string, { rig, writer, episode }: Session, measuring: Session): HilRig {
  return {
    periodMs: rig.engine.loop.timing.periodMs,
    record: ({ seed, help }) => episode(seed, help),
    discard: (episodeId) => writer?.discardEpisode(episodeId),
    recordedAfter: (episodeId) => storedEpisodes(projectFolder, episodeId),
    attempt: (seed, actingNoiseStd) => {
      measuring.rig.engine.change({ actingNoiseStd });
      return measuring.episode(seed, 'alone');
    },
    usePolicy: (name, manifestPath) => usePolicy(rig, name, manifestPath),
    judgePolicy: (name, manifestPath) => usePolicy(measuring.rig, name, manifestPath),
    drained: async () => writer?.drained(),
    newestSequence: () => writer?.newestSequence() ?? 0,
  };
}
