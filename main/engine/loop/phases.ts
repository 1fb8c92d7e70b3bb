/**
 * The phases of the control loop, as a pure function: a state and an event give the next state and its effects. It
 * decides when the arm may move, which steps are stored, and when an episode opens and closes. The loop carries out the
 * effects, in order.
 *
 * A step is stored one tick after it began, with the observation that it led to. The last step of an episode is
 * therefore stored when RUNNING may be over already.
 */

// Transitions. A change of phase is announced. An event changes nothing in a phase that has no row for it.
//
// phase        event       next       effects
// any          halt        HOLD       the latch is set; abort the reset, cut the step, mark who stopped
// any          release     the same   the latch is opened
// not RUNNING  reset       RESETTING  refused while the latch is set
// not RUNNING  mode        the same
// RESETTING    at-start    READY
// READY        start       READY      RUNNING is asked for
// READY        begin       RUNNING    refused until RUNNING is asked for and the last episode is closed
// any          edge        the same   the step in flight waits for its observation; in RUNNING the next step begins
// RUNNING      judged-end  RESETTING  the step that has just begun is dropped, in the other phases too
// any          observed    the same   open the episode, or store the step; close the episode after its last step
// any          abandon     the same   the steps in flight are dropped; close the episode if it is open

import type { ObservationRecord } from '../../../data/records.ts';
import type { Mode, Phase } from '../../api/episode.ts';
import type { StepEnd } from '../recording/episode.ts';
import type { Flight } from './driving.ts';

export interface LoopState {
  readonly phase: Phase;
  /** Why the arm is held; `undefined` in every other phase. */
  readonly holdReason: string | undefined;
  /** Set by Stop and by every fault. While it is set, no reset leaves HOLD. */
  readonly latched: boolean;
  readonly startAsked: boolean;
  readonly mode: Mode;
  /** Number of times the arm has been held. */
  readonly holds: number;
  /** The step that began at the newest edge. The machine passes it on and never looks into it. */
  readonly step: Flight | undefined;
  /** The step before, which waits for the observation that it led to. */
  readonly closing: Flight | undefined;
  /** `awaited`: the episode has begun, and opens in the store with its first observation. */
  readonly episode: 'none' | 'awaited' | 'open';
  /** Changes when an episode begins or is abandoned, so that an observation from before is recognised and dropped. */
  readonly recording: number;
}

/** An observation that goes to the store. */
interface ObservedEntry {
  readonly observation: ObservationRecord;
  /** How the step that led to it ended; `undefined` for the first observation of an episode. */
  readonly judged: StepEnd | undefined;
}

export type LoopEvent =
  | { readonly kind: 'halt'; readonly reason: string; readonly by: 'human' | 'engine' }
  | { readonly kind: 'release' | 'reset' | 'at-start' | 'start' | 'begin' | 'judged-end' | 'abandon' }
  | { readonly kind: 'mode'; readonly mode: Mode }
  | { readonly kind: 'edge'; readonly next: Flight }
  | { readonly kind: 'observed'; readonly entry: ObservedEntry };

export type LoopEffect =
  | { readonly kind: 'announce'; readonly phase: Phase; readonly reason: string | undefined }
  | { readonly kind: 'abort-reset' }
  | { readonly kind: 'cut-step'; readonly step: Flight }
  | { readonly kind: 'mark-stopped'; readonly by: 'human' | 'engine' }
  | { readonly kind: 'open-episode'; readonly first: ObservationRecord }
  | { readonly kind: 'store-step'; readonly step: Flight; readonly judged: StepEnd; readonly next: ObservationRecord }
  | { readonly kind: 'close-episode'; readonly end: NonNullable<StepEnd['end']> };

interface LoopStep {
  readonly state: LoopState;
  readonly effects: readonly LoopEffect[];
}

export const SWITCHED_ON: LoopState = {
  phase: 'hold',
  holdReason: 'The cell is starting.',
  latched: false,
  startAsked: false,
  mode: 'run',
  holds: 0,
  step: undefined,
  closing: undefined,
  episode: 'none',
  recording: 0,
};

/** The arm holds before one of these is decided, so that nothing that follows can delay it. */
export const ENDS_MOTION: ReadonlySet<LoopEvent['kind']> = new Set(['halt', 'judged-end', 'abandon']);

/** True while a set-point may be commanded: in RUNNING, for the step that began at the newest edge. */
export const mayMove = (state: LoopState) => state.phase === 'running' && state.step !== undefined;
export const mayReset = (state: LoopState) => state.phase !== 'running' && !state.latched;
export const mayBegin = (state: LoopState) =>
  state.phase === 'ready' && state.startAsked && !state.step && state.episode !== 'open';

/** Returns why HOLD cannot be left now; `undefined` when it can. `release`, then `reset`, leave it. */
export function whyNotResume(state: LoopState, puckIsNeutral: boolean): string | undefined {
  if (state.phase !== 'hold') return `The arm is not held; this is ${state.phase.toUpperCase()}.`;
  if (state.step) return 'The last step is still being recorded: try again in a moment.';
  return puckIsNeutral ? undefined : 'The puck is not at neutral: let go of it, then resume.';
}

export function advance(state: LoopState, event: LoopEvent): LoopStep {
  switch (event.kind) {
    case 'halt':
      return halted(state, event.reason, event.by);
    case 'release':
      return quiet({ ...state, latched: false });
    case 'mode':
      return quiet(state.phase === 'running' ? state : { ...state, mode: event.mode });
    case 'reset':
      return mayReset(state) ? entered({ ...state, startAsked: false }, 'resetting') : quiet(state);
    case 'at-start':
      return state.phase === 'resetting' ? entered(state, 'ready') : quiet(state);
    case 'start':
      return quiet(state.phase === 'ready' ? { ...state, startAsked: true } : state);
    case 'begin': {
      if (!mayBegin(state)) return quiet(state);
      const begun = { ...state, startAsked: false, episode: 'awaited', recording: state.recording + 1 } as const;
      return entered(begun, 'running');
    }
    case 'edge':
      return quiet({ ...state, closing: state.step, step: state.phase === 'running' ? event.next : undefined });
    case 'judged-end': {
      const over: LoopState = { ...state, step: undefined };
      return state.phase === 'running' ? entered(over, 'resetting') : quiet(over);
    }
    case 'observed':
      return observed(state, event.entry);
    case 'abandon':
      return abandoned(state);
    default:
      return event satisfies never;
  }
}

const quiet = (state: LoopState): LoopStep => ({ state, effects: [] });

function entered(state: LoopState, phase: Phase): LoopStep {
  const announced: LoopEffect = { kind: 'announce', phase, reason: undefined };
  return { state: { ...state, phase, holdReason: undefined }, effects: [announced] };
}

function halted(state: LoopState, reason: string, by: 'human' | 'engine'): LoopStep {
  const effects: LoopEffect[] = [{ kind: 'abort-reset' }];
  if (mayMove(state) && state.step) effects.push({ kind: 'cut-step', step: state.step });
  if (state.phase === 'running') effects.push({ kind: 'mark-stopped', by });
  effects.push({ kind: 'announce', phase: 'hold', reason });
  const held = { phase: 'hold', holdReason: reason, latched: true, startAsked: false, holds: state.holds + 1 } as const;
  return { state: { ...state, ...held }, effects };
}

function observed(state: LoopState, { observation, judged }: ObservedEntry): LoopStep {
  if (state.episode === 'none') return quiet({ ...state, closing: undefined });
  const effects: LoopEffect[] = [];
  if (state.episode === 'awaited') effects.push({ kind: 'open-episode', first: observation });
  const ends = state.closing ? judged?.end : undefined;
  if (state.closing && judged) effects.push({ kind: 'store-step', step: state.closing, judged, next: observation });
  if (ends) effects.push({ kind: 'close-episode', end: ends });
  return { state: { ...state, closing: undefined, episode: ends ? 'none' : 'open' }, effects };
}

function abandoned(state: LoopState): LoopStep {
  const end = { outcome: 'aborted', judge: 'engine' } as const;
  const effects: readonly LoopEffect[] = state.episode === 'open' ? [{ kind: 'close-episode', end }] : [];
  const dropped = { step: undefined, closing: undefined, episode: 'none', recording: state.recording + 1 } as const;
  return { state: { ...state, ...dropped }, effects };
}
