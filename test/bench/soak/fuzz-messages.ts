/** Messages that no window of ours would send: malformed, nested, cut short, of wrong types, too long, binary. Made from a seed. */

import type { Rng } from '../../../main/api/rng.ts';
import { CALLS, type CallName } from '../../../main/api/window/messages.ts';

/** The server closes a socket that sends more. */
const SIZE_LIMIT = 64 * 1024;

/** Calls that may be sent complete. Calls that change recordings or move the arm are left to the driver. */
const HARMLESS: readonly CallName[] = [
  ...([
    'episode.list',
    'episode.replay',
    'episode.frames',
    'policy.list',
    'run.readiness',
    'run.options',
    'run.plan',
  ] as const),
  ...(['run.list', 'run.metrics', 'run.settings', 'label.list', 'classifier.state', 'input.heartbeat'] as const),
];
const NAMES = Object.keys(CALLS) as CallName[]; // The table's own keys.

/**
 * True for a call that accepts any object and then acts. It gets no object here, because it could break what the checks
 * rely on.
 */
const actsOnAnyObject = (name: CallName) => !HARMLESS.includes(name) && CALLS[name].parameters.safeParse({}).success;

type Json = unknown;

export function fuzzMessage(rng: Rng, id: number): string | Uint8Array {
  const makers: readonly (() => string | Uint8Array)[] = [
    () => garbage(rng),
    () => cutShort(rng, call(id, oneOf(rng, NAMES), json(rng, 3))),
    () => call(id, 'run.plan', { spec: { settings: { a: null } } }).replace('null', nested(rng, depthOf(rng))),
    () => call(id, oneOf(rng, HARMLESS), null).replace('null', nested(rng, depthOf(rng))),
    () => nested(rng, depthOf(rng)),
    () => {
      const name = oneOf(rng, NAMES);
      return call(id, name, actsOnAnyObject(name) ? oneOf(rng, [null, number(rng), text(rng, 20), []]) : wrong(rng));
    },
    () => call(id, oneOf(rng, HARMLESS), whole(rng)),
    () => call(id, oneOf(rng, HARMLESS), { name: longText(rng), names: [longText(rng)] }),
    () => JSON.stringify({ kind: 'hello', code: longText(rng) }),
    () => JSON.stringify({ kind: 'subscribe', streams: wrong(rng), maxHz: number(rng) }),
    () => JSON.stringify({ kind: 'subscribe', streams: Array.from({ length: 64 }, () => text(rng, 20)), maxHz: 60 }),
    () => JSON.stringify({ kind: 'call', id: number(rng), name: text(rng, 30), parameters: json(rng, 2) }),
    () =>
      JSON.stringify({
        kind: 'call',
        id,
        name: oneOf(rng, ['__proto__', 'constructor', 'toString', '']),
        parameters: {},
      }),
    () =>
      `{"kind":"call","id":${id},"name":"run.list","parameters":{"__proto__":{"x":1},"constructor":{"prototype":1}}}`,
    () => JSON.stringify(json(rng, 4)),
    () => Uint8Array.from({ length: rng.integer(2000) }, () => rng.integer(256)),
  ];
  return oneOf(rng, makers)();
}

const oneOf = <Item>(rng: Rng, items: readonly Item[]): Item => items[rng.integer(items.length)]!; // The list is never empty.

const call = (id: number, name: string, parameters: Json) => JSON.stringify({ kind: 'call', id, name, parameters });

const depthOf = (rng: Rng) => Math.floor(10 ** rng.range(1, 4.6));

/** Makes nested lists or objects, also deeper than the limit. */
function nested(rng: Rng, depth: number): string {
  return rng.uniform() < 0.5 ? '['.repeat(depth) + ']'.repeat(depth) : `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`;
}

function cutShort(rng: Rng, whole: string): string {
  return whole.slice(0, rng.integer(whole.length));
}

function garbage(rng: Rng): string {
  return Array.from({ length: 1 + rng.integer(200) }, () => String.fromCharCode(rng.integer(0xd7ff))).join('');
}

function text(rng: Rng, most: number): string {
  return Array.from({ length: rng.integer(most) }, () => String.fromCharCode(32 + rng.integer(95))).join('');
}

/** Around the size limit, on both sides of it. */
function longText(rng: Rng): string {
  return 'x'.repeat(oneOf(rng, [SIZE_LIMIT / 2, SIZE_LIMIT - 200, SIZE_LIMIT + 1, 3 * SIZE_LIMIT, 20 * SIZE_LIMIT]));
}

function number(rng: Rng): number {
  return oneOf(rng, [0, -1, 0.5, 1e308, -1e308, 2 ** 53, 2 ** 31, -(2 ** 63), rng.normal(), rng.integer(1000)]);
}

function json(rng: Rng, depth: number): Json {
  const makers: readonly (() => Json)[] = [
    () => number(rng),
    () => text(rng, 40),
    () => null,
    () => rng.uniform() < 0.5,
    () => Array.from({ length: rng.integer(5) }, () => (depth > 0 ? json(rng, depth - 1) : 0)),
    () =>
      Object.fromEntries(
        Array.from({ length: rng.integer(5) }, () => [
          oneOf(rng, KEYS),
          depth > 0 ? json(rng, depth - 1) : text(rng, 8),
        ]),
      ),
  ];
  return oneOf(rng, makers)();
}

const KEYS = [
  'spec',
  'settings',
  'episodeId',
  'index',
  'limit',
  'name',
  'runId',
  'points',
  'a',
  '',
  '__proto__',
] as const;

/** Never an object that a call could accept: numbers where texts belong, lists where objects belong. */
function wrong(rng: Rng): Json {
  return oneOf<() => Json>(rng, [
    () => null,
    () => number(rng),
    () => text(rng, 20),
    () => [json(rng, 2)],
    () => ({
      axes: 'x',
      mode: 1,
      engaged: 'yes',
      command: 7,
      verdict: null,
      label: {},
      runId: 'x',
      directory: 5,
      format: 1,
    }),
    () => ({ format: 'lerobot-v3', directory: '' }),
    () => ({
      spec: { algorithm: json(rng, 1), steps: -number(rng), seed: 'x' },
      name: {},
      threshold: 'x',
      takeover: [],
      limits: 4,
    }),
  ])();
}

/** Numbers of the right type and of any size. */
function whole(rng: Rng): Json {
  return {
    ...{ episodeId: rng.integer(400), index: rng.integer(300), runId: rng.integer(9), limit: 1 + rng.integer(1000) },
    ...{
      points: 4 + rng.integer(4996),
      names: [text(rng, 10)],
      spec: { steps: 1 + rng.integer(1000), seed: rng.integer(9) },
    },
  };
}
