/**
 * Decides who drives: a pure state machine over puck readings, tick edges and the takeover key. Taking control acts
 * at once, on the reading. Giving it back acts at the next tick's edge. `deflection` is the largest axis of a
 * reading, zero for a stale one.
 *
 * A deflection between neutral and engage changes nothing for the policy and keeps a person in control (hysteresis).
 * A button that is already held when an episode starts counts at once: it is level-triggered, so that letting go is
 * always a release. In Demonstrate mode the person drives from start to end, and the caller does not ask this
 * machine.
 */

// Transitions, by takeover mode:
//
// driver  input                    motion                             hold                toggle
// policy  reading                  deflection ≥ engage → human        button down → human  –
// policy  edge                     deflection ≥ engage → human        button down → human  asked → human
// policy  key: take                → human                            –                   → human
// human   reading, > neutral       neutral time forgotten             –                   –
// human   reading, ≤ neutral       neutral time starts                –                   –
// human   edge                     neutral for releaseAfter → policy  button up → policy   key said release → policy
// human   key: release             policy at the next edge            –                   policy at the next edge

import { isNeutral, type TakeoverSettings } from '../../api/teleop.ts';

export interface ArbitrationState {
  readonly driver: 'policy' | 'human';
  /** Time since which the puck has been at neutral; `undefined` while it is not, or while nobody has engaged. */
  readonly neutralSinceMs: number | undefined;
  /** Newest request of the takeover key, until an edge has answered it. */
  readonly keyAsks: 'take' | 'release' | undefined;
}

export type ArbitrationInput =
  | { readonly kind: 'reading'; readonly timeMs: number; readonly deflection: number; readonly buttons: number }
  | { readonly kind: 'edge'; readonly timeMs: number; readonly deflection: number; readonly buttons: number }
  | { readonly kind: 'key'; readonly timeMs: number; readonly engaged: boolean };

interface ArbitrationStep {
  readonly state: ArbitrationState;
  readonly change: 'takeover' | 'release' | undefined;
}

export const FRESH: ArbitrationState = { driver: 'policy', neutralSinceMs: undefined, keyAsks: undefined };

export function arbitrate(
  state: ArbitrationState,
  input: ArbitrationInput,
  settings: TakeoverSettings,
): ArbitrationStep {
  if (input.kind === 'key') return onKey(state, input.engaged, input.timeMs, settings);
  return state.driver === 'policy'
    ? whilePolicyDrives(state, input, settings)
    : whileHumanDrives(state, input, settings);
}

type PuckInput = Exclude<ArbitrationInput, { readonly kind: 'key' }>;

const unchanged = (state: ArbitrationState): ArbitrationStep => ({ state, change: undefined });
const taken = (neutralSinceMs: number | undefined): ArbitrationStep => ({
  state: { driver: 'human', neutralSinceMs, keyAsks: undefined },
  change: 'takeover',
});
const released: ArbitrationStep = { state: FRESH, change: 'release' };

function whilePolicyDrives(state: ArbitrationState, input: PuckInput, settings: TakeoverSettings): ArbitrationStep {
  switch (settings.mode) {
    case 'motion':
      return input.deflection >= settings.engageDeflection ? taken(undefined) : unchanged(state);
    case 'hold':
      return isDown(input.buttons, settings.holdButton)
        ? taken(neutralStart(undefined, input, settings))
        : unchanged(state);
    case 'toggle':
      return state.keyAsks === 'take' ? taken(neutralStart(undefined, input, settings)) : unchanged(state);
    default:
      return settings.mode satisfies never;
  }
}

function whileHumanDrives(state: ArbitrationState, input: PuckInput, settings: TakeoverSettings): ArbitrationStep {
  const neutralSinceMs = neutralStart(state.neutralSinceMs, input, settings);
  const stays = unchanged({ ...state, neutralSinceMs });
  if (input.kind === 'reading') return stays;
  switch (settings.mode) {
    case 'motion': {
      const neutralMs = neutralSinceMs === undefined ? -1 : input.timeMs - neutralSinceMs;
      return state.keyAsks === 'release' || neutralMs >= settings.releaseAfterMs ? released : stays;
    }
    case 'hold':
      return isDown(input.buttons, settings.holdButton) ? stays : released;
    case 'toggle':
      return state.keyAsks === 'release' ? released : stays;
    default:
      return settings.mode satisfies never;
  }
}

/** The key takes control at once and releases it at the next edge. In hold mode only the button counts. */
function onKey(state: ArbitrationState, engaged: boolean, timeMs: number, settings: TakeoverSettings): ArbitrationStep {
  if (settings.mode === 'hold') return unchanged(state);
  if (!engaged) return unchanged(state.driver === 'human' ? { ...state, keyAsks: 'release' } : FRESH);
  if (state.driver === 'human') return unchanged({ ...state, keyAsks: undefined });
  return taken(timeMs);
}

function neutralStart(sinceMs: number | undefined, input: PuckInput, settings: TakeoverSettings): number | undefined {
  return isNeutral(input.deflection, settings) ? (sinceMs ?? input.timeMs) : undefined;
}

const isDown = (buttons: number, button: number) => ((buttons >>> button) & 1) === 1;
