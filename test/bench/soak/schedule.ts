/**
 * The soak's script: every event with its time, made from a seed before anything starts, so that a seed repeats the same events.
 * The program's answers, and with them the moments at which late events really begin, may differ from run to run.
 */
import type { Mode } from '../../../main/api/episode.ts';
import { createRng, type Rng } from '../../../main/api/rng.ts';
import type { ChildRole } from './processes.ts';

export type RunWish = 'imitation' | 'conrft' | 'hil-serl' | 'as-the-window-does';
export type ExportTarget = 'fresh' | 'taken' | 'unwritable' | 'after-discard';

/** Episodes, policies and observations are named by a share in [0, 1) of the list that there is then. */
export type DriverEvent =
  | { readonly kind: 'push'; readonly axes: readonly number[]; readonly forMs: number }
  | { readonly kind: 'verdict'; readonly verdict: 'success' | 'failure'; readonly stored: number | undefined }
  | { readonly kind: 'discard'; readonly stored: number | undefined }
  | { readonly kind: 'label'; readonly label: 'positive' | 'negative'; readonly stored: number | undefined }
  | { readonly kind: 'mode'; readonly mode: Mode }
  | { readonly kind: 'settings'; readonly settings: Readonly<Record<string, unknown>> }
  | { readonly kind: 'policy-use' | 'classifier-use'; readonly share: number }
  | { readonly kind: 'stop'; readonly when: 'now' | 'resetting' | 'ready'; readonly holdMs: number }
  | { readonly kind: 'replay'; readonly stored: number; readonly frames: readonly number[] }
  | { readonly kind: 'run-start'; readonly wish: RunWish; readonly steps: number }
  | { readonly kind: 'export'; readonly target: ExportTarget }
  | { readonly kind: 'undo' | 'start' | 'reset' | 'policy-revert' | 'run-cancel' | 'classifier-train' | 'gripper' };

export type CheckEvent =
  /** Presses Stop, then compares the counters with the store. */
  | { readonly kind: 'quiet' }
  /** Closes every window while the arm is driven. */
  | { readonly kind: 'unwatched'; readonly release: boolean };

export type WatcherEvent =
  | { readonly kind: 'look' | 'reconnect' | 'claim' | 'subscribe' }
  | { readonly kind: 'fuzz'; readonly messages: number; readonly seed: number }
  | { readonly kind: 'strangers'; readonly seed: number };

export type FaultEvent =
  | { readonly kind: 'kill'; readonly role: ChildRole | 'engine'; readonly stopAfterMs: number | undefined }
  | { readonly kind: 'stop'; readonly role: ChildRole | 'engine'; readonly forMs: number }
  /** Sends SIGTERM to the engine, while that child is suspended. */
  | { readonly kind: 'terminate'; readonly stopped: 'policy' | 'export' | undefined };

export type Timed<Event> = Event & { readonly atMs: number };

export interface Schedule {
  readonly driver: readonly Timed<DriverEvent>[];
  readonly checks: readonly Timed<CheckEvent>[];
  readonly watcher: readonly Timed<WatcherEvent>[];
  readonly faults: readonly Timed<FaultEvent>[];
}

/** From this length on, the middle of a soak kills neither engine nor policy, so that long lives show how memory grows. */
const CALM_FROM_MS = 6 * 60_000;

export function createSchedule(seed: number, lengthMs: number): Schedule {
  const rng = createRng(seed);
  return {
    driver: timed(rng.split('driver'), lengthMs, [300, 2500], driverEvent),
    checks: dealt(rng.split('checks'), lengthMs, [22_000, 40_000], 8000, checkDeck),
    watcher: timed(rng.split('watcher'), lengthMs, [400, 2200], watcherEvent),
    faults: dealt(rng.split('faults'), lengthMs, [4000, 12_000], 4000, faultDeck).filter(
      (event) => !(isCalm(event.atMs, lengthMs) && endsALongLife(event)),
    ),
  };
}

function isCalm(atMs: number, lengthMs: number): boolean {
  return lengthMs >= CALM_FROM_MS && atMs > 0.35 * lengthMs && atMs < 0.7 * lengthMs;
}

function endsALongLife(event: FaultEvent): boolean {
  return event.kind === 'terminate' || (event.kind === 'kill' && (event.role === 'engine' || event.role === 'policy'));
}

function timed<Event>(
  rng: Rng,
  lengthMs: number,
  [least, most]: readonly [number, number],
  draw: (rng: Rng) => Event,
): Timed<Event>[] {
  const events: Timed<Event>[] = [];
  for (let atMs = rng.range(least, most); atMs < lengthMs; atMs += rng.range(least, most))
    events.push({ ...draw(rng), atMs });
  return events;
}

/** Events from shuffled decks: each kind comes once before any comes again. */
function dealt<Event>(
  rng: Rng,
  lengthMs: number,
  gap: readonly [number, number],
  firstMs: number,
  deckOf: (rng: Rng) => Event[],
): Timed<Event>[] {
  let deck: Event[] = [];
  const draw = (): Event => {
    if (deck.length === 0) deck = shuffled(rng, deckOf(rng));
    return deck.pop()!; // A deck is never empty.
  };
  return timed(rng, lengthMs - firstMs, gap, draw).map((event) => ({ ...event, atMs: event.atMs + firstMs }));
}

function shuffled<Item>(rng: Rng, items: readonly Item[]): Item[] {
  return items
    .map((item) => ({ item, key: rng.uniform() }))
    .toSorted((a, b) => a.key - b.key)
    .map(({ item }) => item);
}

const checkDeck = (): CheckEvent[] => [
  { kind: 'quiet' },
  { kind: 'unwatched', release: false },
  { kind: 'quiet' },
  { kind: 'unwatched', release: true },
];

function faultDeck(rng: Rng): FaultEvent[] {
  const forMs = () => rng.range(1000, 5000);
  const roles = ['policy', 'trainer', 'export', 'classifier', 'engine'] as const;
  return [
    ...roles.map((role) => ({ kind: 'stop' as const, role, forMs: forMs() })),
    ...roles.map((role) => ({ kind: 'kill' as const, role, stopAfterMs: chance(rng, 0.5, () => rng.range(0, 600)) })),
    { kind: 'kill', role: 'policy', stopAfterMs: undefined },
    { kind: 'terminate', stopped: rng.uniform() < 0.4 ? undefined : rng.uniform() < 0.5 ? 'policy' : 'export' },
  ];
}

function chance<Value>(rng: Rng, share: number, draw: () => Value): Value | undefined {
  const value = draw();
  return rng.uniform() < share ? value : undefined;
}

type Drawing<Event> = readonly (readonly [weight: number, draw: (rng: Rng) => Event])[];

function weighted<Event>(rng: Rng, drawings: Drawing<Event>): Event {
  let left = rng.uniform() * drawings.reduce((sum, [weight]) => sum + weight, 0);
  for (const [weight, draw] of drawings) {
    left -= weight;
    if (left < 0) return draw(rng);
  }
  return drawings[0]![1](rng); // Rounding may leave nothing above.
}

const stored = (rng: Rng) => chance(rng, 0.6, () => rng.uniform());

const DRIVER: Drawing<DriverEvent> = [
  [
    10,
    (rng) => {
      const rotates = rng.uniform() < 0.3;
      const axes = Array.from({ length: 6 }, (_, axis) => (axis < 3 || rotates ? rng.range(-0.8, 0.8) : 0));
      return { kind: 'push', axes, forMs: rng.range(80, 1500) };
    },
  ],
  [5, (rng) => ({ kind: 'verdict', verdict: rng.uniform() < 0.6 ? 'success' : 'failure', stored: stored(rng) })],
  [2, (rng) => ({ kind: 'discard', stored: stored(rng) })],
  [3, () => ({ kind: 'undo' })],
  [4, (rng) => ({ kind: 'label', label: rng.uniform() < 0.5 ? 'positive' : 'negative', stored: stored(rng) })],
  [2, (rng) => ({ kind: 'mode', mode: rng.uniform() < 0.7 ? 'run' : 'demonstrate' })],
  [4, () => ({ kind: 'start' })],
  [2, () => ({ kind: 'reset' })],
  [1, () => ({ kind: 'gripper' })],
  [2, (rng) => ({ kind: 'settings', settings: settings(rng) })],
  [2, (rng) => ({ kind: 'policy-use', share: rng.uniform() })],
  [1, () => ({ kind: 'policy-revert' })],
  [
    5,
    (rng) => ({
      kind: 'stop',
      when: rng.uniform() < 0.6 ? 'now' : rng.uniform() < 0.6 ? 'resetting' : 'ready',
      holdMs: rng.range(600, 2500),
    }),
  ],
  [
    2,
    (rng) => ({
      kind: 'replay',
      stored: rng.uniform(),
      frames: Array.from({ length: 1 + rng.integer(6) }, () => rng.uniform()),
    }),
  ],
  [
    2,
    (rng) => {
      const wishes: readonly RunWish[] = ['imitation', 'imitation', 'conrft', 'hil-serl', 'as-the-window-does'];
      return { kind: 'run-start', wish: wishes[rng.integer(wishes.length)]!, steps: 20 + rng.integer(200) };
    },
  ],
  [1, () => ({ kind: 'run-cancel' })],
  [1, () => ({ kind: 'classifier-train' })],
  [1, (rng) => ({ kind: 'classifier-use', share: rng.uniform() })],
  [
    1.5,
    (rng) => {
      const targets: readonly ExportTarget[] = ['fresh', 'fresh', 'taken', 'unwritable', 'after-discard'];
      return { kind: 'export', target: targets[rng.integer(targets.length)]! };
    },
  ],
];

function driverEvent(rng: Rng): DriverEvent {
  return weighted(rng, DRIVER);
}

function settings(rng: Rng): Readonly<Record<string, unknown>> {
  const modes = ['motion', 'motion', 'hold', 'toggle'] as const;
  const draws: readonly (() => Readonly<Record<string, unknown>>)[] = [
    () => ({
      takeover: {
        ...{ mode: modes[rng.integer(modes.length)], engageDeflection: 0.12, neutralDeflection: 0.06 },
        ...{ releaseAfterMs: rng.integer(1500), holdButton: rng.integer(3) },
      },
    }),
    () => ({ autoStart: rng.uniform() < 0.85 }),
    () => ({ actingNoiseStd: rng.range(0, 0.3) }),
    () => ({ success: { by: rng.uniform() < 0.7 ? 'simulator' : 'human', ticks: 1 + rng.integer(5), guard: {} } }),
  ];
  return draws[rng.integer(draws.length)]!();
}

function watcherEvent(rng: Rng): WatcherEvent {
  const seed = rng.integer(2 ** 31);
  return weighted<WatcherEvent>(rng, [
    [4, () => ({ kind: 'look' })],
    [1, () => ({ kind: 'reconnect' })],
    [0.4, () => ({ kind: 'claim' })],
    [1, () => ({ kind: 'subscribe' })],
    [6, () => ({ kind: 'fuzz', messages: 10 + rng.integer(70), seed })],
    [1.5, () => ({ kind: 'strangers', seed })],
  ]);
}
