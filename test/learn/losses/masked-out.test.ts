/**
 * Nothing that stands in a masked-out entry changes a loss: NaN, infinities, 1e30 or another number leave value and
 * gradients as they are, and the entry's own gradient is 0. A loss that takes a mask and has no such row fails here.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { createRng, type Rng } from '../../../main/api/rng.ts';
import { combineLosses } from '../../../main/learn/losses/combine.ts';
import type { LossInputs, Subject } from '../../../main/learn/losses/loss-inputs.ts';
import { LOSS_NAMES, LOSSES, type LossName } from '../../../main/learn/losses/loss-registry.ts';
import type { Backend } from '../../../main/tensor/backend.ts';
import { createOrtBackend } from '../../../main/tensor/backends/ort.ts';
import { grad } from '../../../main/tensor/grad.ts';
import { interpreter } from '../../../main/tensor/interpret.ts';
import { type Node, sizeOf } from '../../../main/tensor/ir.ts';
import { flags, real, type Sample, whole } from '../../../main/tensor/ops/op.ts';
import { defineStep } from '../../../main/tensor/step.ts';
import { greater, input, mul, square, sum, where } from '../../../main/tensor/tensor.ts';
import { draw, type Feeds } from '../../tensor/harness.ts';
import { type Ignored, type LossRow, SEED } from './harness.ts';
import { ROWS } from './rows.ts';

const POINTS = 4;
const FILLS = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1e30, -0.7];
/** For indices, which have no NaN. */
const WHOLE_FILLS = [-1, 99, 2 ** 31];
const BACKENDS = [interpreter, createOrtBackend({ threads: 1 })];

type MaskedRow = LossRow & Required<Pick<LossRow, 'ignored'>>;
const isMasked = (row: LossRow): row is MaskedRow => row.ignored !== undefined;

for (const [file, rows] of Object.entries(ROWS))
  for (const row of rows.filter(isMasked))
    test(`${file}: ${row.title} (seed ${SEED})`, async () => {
      for (const backend of BACKENDS) await checkIgnored(row, backend);
    });

for (const name of LOSS_NAMES)
  for (const on of subjectsOf(name))
    test(`registered loss ${name}${on ? ` of ${on}` : ''} (seed ${SEED})`, async () => {
      for (const backend of BACKENDS) await checkIgnored(registeredRow(name, on), backend);
    });

test('every loss that takes a pad, a mask or weights has a row that fills its masked-out entries', () => {
  const calls = Object.values(ROWS).flatMap((rows) => rows.filter(isMasked).map(({ loss }) => String(loss)));
  const without = maskedFunctions(lossSources()).filter((name) => !calls.some((body) => body.includes(`${name}(`)));
  assert.deepEqual(without, [], 'give these a row with `ignored` in rows/');
});

test('the search finds masks in parameters, and in the types of parameters', () => {
  const source = `
    interface Context extends Pick<ChunkWeights, 'pad'> { readonly scale: number }
    interface ChunkWeights { readonly pad?: Node }
    export function plain(x: Node, scale: number): Node {}
    export function direct(x: Node, sampleWeight: Node): Node {}
    export function hidden(x: Node, context: Context = {}): Node {}
    export const short = (x: Node, mask: Node): Node => x;`;
  assert.deepEqual(maskedFunctions({ 'some-loss': source }).sort(), ['direct', 'hidden', 'short']);
});

test('the check itself finds a mask that multiplies, and one that selects too late', async () => {
  const inputs = { x: real([4]), weight: real([4], 0.1, 1) };
  const ignored: LossRow['ignored'] = { x: ([b], of) => of('weight', b!) === 0 };
  const row = (title: string, loss: LossRow['loss']): MaskedRow => ({ title, inputs, by: ['x'], ignored, loss });
  const multiplied = row('multiplied', (x) => sum(mul(square(x('x')), x('weight'))));
  await assert.rejects(checkIgnored(multiplied, interpreter), /multiplied, point 0 of seed 7 .* filled with NaN/);
  const late = row('late', (x) => sum(where(greater(x('weight'), 0), square(x('x')), 0)));
  await assert.rejects(checkIgnored(late, interpreter), /late, point 0 of seed 7 .*: d x is .* filled with NaN/);
});

/** Fills the ignored entries of one input after the other, and of all of them. */
async function checkIgnored({ title, inputs, by, loss: build, ignored }: MaskedRow, backend: Backend): Promise<void> {
  const nodes = Object.fromEntries(
    Object.entries(inputs).map(([name, { shape, dtype }]) => [name, input(name, shape, dtype)]),
  );
  const names = Object.keys(ignored);
  const differentiated = [...new Set([...by, ...names])].filter((name) => inputs[name]!.dtype === 'float32');
  const loss = build((name) => nodes[name]!);
  const gradients = grad(
    loss,
    differentiated.map((name) => nodes[name]!),
  );
  const outputs = Object.fromEntries(differentiated.map((name, index) => [`d ${name}`, gradients[index]!]));
  const step = defineStep({ loss, ...outputs });
  const compiled = await backend.compile(step);
  const run = async (feeds: Feeds) => {
    const used = Object.fromEntries(Object.entries(feeds).filter(([name]) => name in step.inputs));
    const results = await compiled.run(used);
    return Object.fromEntries(Object.entries(results).map(([name, { data }]) => [name, Array.from(data, Number)]));
  };
  const rng = createRng(SEED).split(title);
  for (let point = 0; point <= POINTS; point++) {
    const { feeds, places } = drawPoint(rng, { inputs, ignored, nothingCounts: point === POINTS });
    const expected = await run(feeds);
    const where = `${title}, point ${point} of seed ${SEED} on ${backend.name}`;
    assert.ok(Object.values(expected).flat().every(Number.isFinite), `${where}: ${JSON.stringify(expected)}`);
    for (const [name, indices] of Object.entries(places))
      for (const index of indices)
        assert.ok(!(expected[`d ${name}`]?.[index] ?? 0), `${where}: gradient by masked-out ${name}[${index}]`);
    for (const filled of [...names.map((name) => [name]), names])
      for (const [nth, fill] of FILLS.entries()) {
        const changed = { ...feeds };
        for (const name of filled) {
          const value = inputs[name]!.dtype === 'int64' ? WHOLE_FILLS[nth % WHOLE_FILLS.length]! : fill;
          changed[name] = feeds[name]!.map((old, at) => (places[name]!.includes(at) ? value : old));
        }
        const actual = await run(changed);
        for (const [output, values] of Object.entries(expected))
          assert.ok(
            values.every((value, at) => value === actual[output]![at]),
            `${where}: ${output} is ${actual[output]} instead of ${values} with ${filled} filled with ${fill}`,
          );
      }
  }
  await compiled.dispose();
}

interface Drawing {
  readonly inputs: LossRow['inputs'];
  readonly ignored: Readonly<Record<string, Ignored>>;
  readonly nothingCounts: boolean;
}

/** Draws all inputs, with zeros among the numbers of masks. `places` are the indices that the masks leave out. */
function drawPoint(rng: Rng, { inputs, ignored, nothingCounts }: Drawing) {
  const feeds: Feeds = Object.fromEntries(Object.entries(inputs).map(([name, each]) => [name, draw(rng, each)]));
  const masks = masksOf(inputs, ignored);
  for (const mask of masks)
    feeds[mask] = feeds[mask]!.map((value) => {
      if (nothingCounts) return mask === 'pad' ? 1 : 0;
      return inputs[mask]!.dtype === 'float32' && rng.integer(3) === 0 ? 0 : value;
    });
  const of = (mask: string, ...at: readonly number[]) => feeds[mask]![flatIndex(inputs[mask]!.shape, at)]!;
  const places = Object.fromEntries(
    Object.entries(ignored).map(([name, isIgnored]) => {
      const { shape } = inputs[name]!;
      const all = Array.from({ length: sizeOf(shape) }, (_, index) => index);
      return [name, all.filter((index) => isIgnored(indicesOf(shape, index), of))];
    }),
  );
  return { feeds, places };
}

/** The inputs that the rules read. */
function masksOf(inputs: LossRow['inputs'], ignored: Readonly<Record<string, Ignored>>): Set<string> {
  const read = new Set<string>();
  for (const [name, isIgnored] of Object.entries(ignored))
    for (const answer of [0, 1]) {
      const first = inputs[name]!.shape.map(() => 0);
      isIgnored(first, (mask) => {
        read.add(mask);
        return answer;
      });
    }
  return read;
}

function flatIndex(shape: readonly number[], at: readonly number[]): number {
  return shape.reduce((index, size, axis) => index * size + at[axis]!, 0);
}

function indicesOf(shape: readonly number[], index: number): number[] {
  let rest = index;
  return shape
    .toReversed()
    .map((size) => {
      const at = rest % size;
      rest = (rest - at) / size;
      return at;
    })
    .toReversed();
}

// Registered losses: B = 3, K = 4, D = 2, M = 2 components, V = 5 bins.
const CHUNK = real([3, 4, 2], -1, 1);
const OFFERED = {
  target: CHUNK,
  prediction: CHUNK,
  mean: CHUNK,
  denoised: CHUNK,
  logVariance: CHUNK,
  denoiser: CHUNK,
  denoiserTarget: CHUNK,
  velocity: CHUNK,
  velocityTarget: CHUNK,
  logits: real([3, 4, 2, 5]),
  bins: whole([3, 4, 2], 0, 5),
  sigma: real([3, 1], 0.1, 2),
  mixtureLogits: real([3, 2]),
  mixtureMean: real([3, 2, 4, 2], -1, 1),
  mixtureStd: real([3, 2, 4, 2], 0.2, 1),
} satisfies Readonly<Record<string, Sample>>;
const isOffered = (name: string): name is keyof typeof OFFERED => name in OFFERED;

function subjectsOf(name: LossName): readonly (Subject | undefined)[] {
  const { on } = LOSSES[name];
  return on.length > 0 ? on : [undefined];
}

/** A registered loss with all that a head may offer; every input is ignored where the padding is. */
function registeredRow(name: LossName, on: Subject | undefined): MaskedRow {
  const padded: Ignored = ([b, k], of) => of('pad', b!, k!) !== 0;
  const ofComponent: Ignored = ([b, _, k], of) => of('pad', b!, k!) !== 0;
  const ofSample: Ignored = ([b], of) => [0, 1, 2, 3].every((k) => of('pad', b!, k) !== 0);
  const rules = { sigma: ofSample, mixtureLogits: ofSample, mixtureMean: ofComponent, mixtureStd: ofComponent };
  const ignored = Object.fromEntries(Object.keys(OFFERED).map((each) => [each, padded]));
  const loss = (x: (input: string) => Node): Node => {
    const { mixtureLogits, mixtureMean, mixtureStd, ...rest } = Object.fromEntries(
      Object.keys(OFFERED)
        .filter(isOffered)
        .map((each) => [each, x(each)]),
    ) as Record<keyof typeof OFFERED, Node>; // These are its keys.
    const mixture = { logits: mixtureLogits, mean: mixtureMean, std: mixtureStd };
    const inputs: LossInputs = { ...rest, mixture, pad: x('pad') };
    return combineLosses([{ name, weight: 1, ...(on && { on }) }], inputs).loss;
  };
  const inputs = { ...OFFERED, pad: flags([3, 4]) };
  return { title: `${name} ${on ?? ''}`, inputs, by: [], loss, ignored: { ...ignored, ...rules } };
}

/** Files whose functions pass masks on: `combineLosses` and the registry, which the tests of registered losses cover. */
const PASSING = new Set(['combine', 'loss-entry', 'loss-inputs', 'loss-registry']);
/** The mechanism itself. */
const MECHANISM = new Set(['asFlags', 'asWeights', 'guard', 'selectValid', 'sampleWeights']);
const MASK = /\b(pad|mask|valid|bootstrap|choice|\w*[wW]eights?)\b/;

function lossSources(): Record<string, string> {
  const folder = new URL('../../../main/learn/losses/', import.meta.url);
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
  return Object.fromEntries(
    files
      .map((name) => [name.replaceAll('\\', '/').replace('.ts', ''), readFileSync(new URL(name, folder), 'utf8')])
      .filter(([name]) => !PASSING.has(name!)),
  );
}

/** Names of the exported functions with a mask among their parameters, or in the types of these. */
function maskedFunctions(sources: Readonly<Record<string, string>>): string[] {
  const text = Object.values(sources).join('\n');
  const types = new Map<string, string>();
  for (const [, name, body] of text.matchAll(/interface (\w+)([^{]*\{[\s\S]*?\})/g)) types.set(name!, body!);
  for (const [, name, body] of text.matchAll(/type (\w+) =([^;]*);/g)) types.set(name!, body!);
  const mentions = (words: string, seen: readonly string[] = []): boolean =>
    MASK.test(words) ||
    (words.match(/\b[A-Z]\w*/g) ?? []).some(
      (name) => !seen.includes(name) && types.has(name) && mentions(types.get(name)!, [...seen, name]),
    );
  const functions = [
    ...text.matchAll(/export function (\w+)(?:<[^>]*>)?\(([\s\S]*?)\):/g),
    ...text.matchAll(/export const (\w+) = \(([\s\S]*?)\)(?::| =>)/g),
  ];
  return functions
    .filter(([, name, parameters]) => !MECHANISM.has(name!) && mentions(parameters!))
    .map(([, name]) => name!);
}
