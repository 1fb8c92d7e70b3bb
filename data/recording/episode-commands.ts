/** The commands that record an episode: its beginning, its steps, embeddings that come later, and its end. */
import type { EpisodeEnd, EpisodeStart, Problem, StepRecord } from '../records.ts';
import { membership } from '../rules.ts';
import { StoreError } from '../store-error.ts';
import { refuseNotFiniteEmbedding, refuseNotFiniteStart, refuseNotFiniteStep } from './finite-records.ts';
import type { RecorderMemory } from './recorder-memory.ts';
import type { RecorderStatements } from './recorder-statements.ts';
import { EMPTY_TALLY } from './tallies.ts';

export interface RecorderContext {
  readonly statements: RecorderStatements;
  readonly memory: RecorderMemory;
  /** Unix time. */
  readonly wallTimeMs: () => number;
}

const ABORTED: EpisodeEnd = { outcome: 'aborted', judge: 'engine' };

export function begin(context: RecorderContext, sessionId: number, episodeId: number, start: EpisodeStart): void {
  const { statements, memory } = context;
  // An earlier episode may still be open, because its end did not fit on the disk. Now there is room for it.
  closeOpenEpisodes(context);
  refuseNotFiniteStart(episodeId, start);
  statements.insertEpisode(episodeId, sessionId, start);
  memory.addWritten(statements.insertObservation(episodeId, 0, start.first), 0);
  memory.setTally(episodeId, { ...EMPTY_TALLY, task: start.task, mode: start.mode });
}

export function appendStep({ statements, memory, wallTimeMs }: RecorderContext, episodeId: number, step: StepRecord) {
  const tally = memory.tallyOf(episodeId);
  if (tally.ended || step.index !== tally.steps)
    throw new StoreError(
      'out-of-order',
      `Step ${step.index} of episode ${episodeId} came ${tally.ended ? 'after its end' : `where step ${tally.steps} was expected`}.`,
      'Hand over steps in order, once each.',
    );
  refuseNotFiniteStep(episodeId, step);
  statements.insertTransition(episodeId, step);
  const bytes = statements.insertObservation(episodeId, step.index + 1, step.next);
  const { rl, demo } = membership(tally.mode, step.actor);
  const range = { episodeId, firstStep: step.index, endStep: step.index + 1, atMs: wallTimeMs() };
  if (rl) statements.insertRlEvent({ sequence: memory.takeSequence(), kind: 'add', ...range });
  if (demo) statements.insertDemoEvent({ sequence: memory.takeSequence(), kind: 'add', ...range });
  memory.setTally(episodeId, {
    ...tally,
    steps: tally.steps + 1,
    rl: tally.rl + Number(rl),
    demo: tally.demo + Number(demo),
    human: tally.human + Number(step.actor === 'human'),
  });
  memory.addWritten(bytes, 1);
}

export function addEmbedding(
  { statements, memory }: RecorderContext,
  {
    episodeId,
    index,
    embedding,
  }: { readonly episodeId: number; readonly index: number; readonly embedding: Float32Array },
): void {
  refuseNotFiniteEmbedding(episodeId, index, embedding);
  memory.addWritten(statements.insertEmbedding(episodeId, index, embedding), 0);
}

/** With lost steps, the last stored step is not the one that the outcome was about. The episode then counts as aborted. */
export function end(context: RecorderContext, episodeId: number, wanted: EpisodeEnd, lostSteps: number): void {
  // The beginning was refused and reported, so there is nothing to end.
  if (lostSteps > 0 && !context.memory.tallies().has(episodeId)) return;
  writeEnd(context, episodeId, lostSteps > 0 ? ABORTED : wanted);
}

function writeEnd({ statements, memory, wallTimeMs }: RecorderContext, episodeId: number, ending: EpisodeEnd): void {
  const tally = memory.tallyOf(episodeId);
  if (tally.ended) return;
  statements.insertVerdict({ sequence: memory.takeSequence(), kind: 'end', episodeId, ...ending, atMs: wallTimeMs() });
  memory.setTally(episodeId, { ...tally, ended: true });
}

/** Ends the episodes that are open, as aborted. Returns a problem for each. */
export function closeOpenEpisodes(context: RecorderContext): readonly Problem[] {
  const open = [...context.memory.tallies()].filter(([, { ended }]) => !ended);
  return open.map(([episodeId, { steps }]) => {
    writeEnd(context, episodeId, ABORTED);
    return {
      message: `Episode ${episodeId} was cut short when the program ended; its ${steps} stored steps are kept, as aborted.`,
      remedy: 'Discard the episode if they are of no use.',
      fatal: false,
    };
  });
}
