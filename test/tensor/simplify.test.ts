/** Graphs that `simplify` makes, as text: the gradient of a network as a golden, and each family of rules. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { grad } from '../../main/tensor/grad.ts';
import { interpreter } from '../../main/tensor/interpret.ts';
import { reachable } from '../../main/tensor/ir.ts';
import { print } from '../../main/tensor/print.ts';
import { simplify } from '../../main/tensor/rewrite/simplify.ts';
import { defineStep } from '../../main/tensor/step.ts';
import * as t from '../../main/tensor/tensor.ts';

const x = t.input('x', [4, 3]);
const y = t.input('y', [4, 3]);

/** Ops of the simplified graph, inputs and constants left out. */
function opsOf(node: t.Node): string[] {
  const lines = print(simplify(defineStep({ node })))
    .split('\n')
    .slice(0, -1);
  return lines.map((line) => line.split(' = ')[1]!).filter((line) => !/^(input|constant)/.test(line));
}

function golden(name: string, text: string): void {
  const url = new URL(`golden/${name}.txt`, import.meta.url);
  if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(url, `${text}\n`);
  assert.equal(`${text}\n`, readFileSync(url, 'utf8'));
}

test('the gradient of an MLP with layer normalisation', () => {
  const [batch, features, hidden] = [8, 5, 6];
  const parameters = {
    w1: t.input('w1', [features, hidden]),
    b1: t.input('b1', [hidden]),
    scale: t.input('scale', [hidden]),
    bias: t.input('bias', [hidden]),
    w2: t.input('w2', [hidden, 1]),
    b2: t.input('b2', [1]),
  };
  const { w1, b1, scale, bias, w2, b2 } = parameters;
  const inner = t.tanh(t.layerNorm(t.add(t.matmul(t.input('observation', [batch, features]), w1), b1), scale, bias));
  const loss = t.mean(t.square(t.sub(t.add(t.matmul(inner, w2), b2), t.input('target', [batch, 1]))));
  const gradients = grad(loss, Object.values(parameters));
  const names = Object.keys(parameters).map((name, index) => [`d ${name}`, gradients[index]!]);
  const text = print(simplify(defineStep({ loss, ...Object.fromEntries(names) })));

  const count = (op: string) => text.split('\n').filter((line) => line.includes(` = ${op}`)).length;
  assert.deepEqual(
    { matmul: count('matmul'), normalize: count('normalize'), transpose: count('transpose'), expand: count('expand') },
    { matmul: 5, normalize: 1, transpose: 0, expand: 0 },
    'two products forward, three backward (none for the observation); one normalisation; nothing moved or stretched',
  );
  golden('mlp-gradient', text);
});

test('a leading part of inputs side by side is made of their parts; of anything else it is cut out', () => {
  const [a, b] = [t.input('a', [4, 3, 2]), t.input('b', [4, 3, 5])];
  const part = (whole: t.Node) => opsOf(t.slice(whole, 0, 1, 2)).map((line) => line.split(' ')[0]);
  assert.deepEqual(part(t.concat([a, b], 2)), ['slice', 'slice', 'concat']);
  assert.deepEqual(part(t.concat([t.softmax(a, 0), b], 2)), ['softmax', 'concat', 'slice']);
});

test('a part of a function of parts, element by element, needs its own part alone, though the whole is wanted too', () => {
  const whole = t.mul(t.sub(t.concat([t.softmax(x, 0), t.softmax(y, 0)], 0), t.input('offset', [3])), 2);
  const softmaxesFor = (start: number, end: number) => {
    const { outputs } = simplify(defineStep({ part: t.slice(whole, 0, start, end), total: t.sum(t.square(whole)) }));
    return reachable([outputs['part']!]).filter((node) => node.op === 'softmax').length;
  };
  assert.deepEqual([softmaxesFor(0, 4), softmaxesFor(4, 8), softmaxesFor(0, 8)], [1, 1, 2]);
  // A slice of two parts is cut out of the whole, which exists already.
  assert.equal(softmaxesFor(2, 6), 2);
});

test('a part that counts twice counts twice when it is joined with others', async () => {
  const [p, q] = [t.pad(t.input('a', [2]), 0, 0, 2), t.pad(t.input('b', [2]), 0, 2, 0)];
  const sum = t.add(t.add(t.add(p, t.input('rest', [4])), p), q);
  const compiled = await interpreter.compile(simplify(defineStep({ sum })));
  const found = await compiled.run({ a: [1, 2], b: [3, 4], rest: [10, 20, 30, 40] });
  assert.deepEqual([...found['sum']!.data], [12, 24, 33, 44]);
});

test('identities vanish', () => {
  for (const same of [
    t.add(x, 0),
    t.mul(1, x),
    t.div(x, 1),
    t.pow(x, 1),
    t.neg(t.neg(x)),
    t.transpose(t.transpose(x)),
    t.stopGradient(x),
  ])
    assert.deepEqual(opsOf(same), []);
  assert.deepEqual(opsOf(t.reshape(t.reshape(x, [12]), [4, 3])), []);
  assert.deepEqual(opsOf(t.slice(t.concat([x, y], 1), 1, 3, 6)), []);
  assert.deepEqual(opsOf(t.sub(0, x)), ['neg a']);
  assert.deepEqual(opsOf(t.add(x, t.zeros([2, 4, 3]))), ['expand a']);
});

test('signs and factors collect', () => {
  assert.deepEqual(opsOf(t.add(x, t.neg(y))), ['sub a b']);
  assert.deepEqual(opsOf(t.neg(t.sub(x, y))), ['sub b a']);
  assert.deepEqual(opsOf(t.mul(2, t.mul(t.mul(x, 3), 0.5))), ['mul b a']);
  assert.deepEqual(opsOf(t.sum(t.mul(2, x), 0)), ['sum a axes=[0]', 'mul b c']);
  // A factor that is no number takes no sign: the two rules would undo each other.
  assert.equal(opsOf(t.neg(t.mul(t.input('factor', []), x))).length, 2);
});

test('constants fold', () => {
  const text = print(simplify(defineStep({ node: t.add(t.mul(2, 3), t.sum(t.ones([5]))) })));
  assert.equal(text, 'a:float32[] = constant {11}\nreturn node=a');
});

test('equal nodes are merged, in either order', () => {
  assert.deepEqual(opsOf(t.mul(t.add(x, y), t.tanh(t.add(y, x)))), ['add a b', 'tanh c', 'mul c d']);
});

test('transposes become flags of the product, batches broadcast', () => {
  assert.deepEqual(opsOf(t.matmul(t.transpose(x), y)), ['matmul a b transposeA']);
  assert.deepEqual(opsOf(t.matmul(x, t.transpose(y))), ['matmul a b transposeB']);
  const w = t.input('w', [2, 3, 5]);
  assert.deepEqual(opsOf(t.matmul(t.expand(x, [2, 4, 3]), w)), ['matmul a b']);
});

test('expansion is left to broadcasting', () => {
  const row = t.input('row', [3]);
  assert.deepEqual(opsOf(t.mul(t.exp(t.expand(row, [4, 3])), x)), ['exp b', 'mul c a']);
});

test('the gradient of a split is a concatenation', () => {
  const [left, right] = t.split(x, 1, [1, 2]);
  const [d] = grad(t.add(t.sum(t.sin(left!)), t.sum(t.cos(right!))), [x]);
  const ops = opsOf(d!);
  assert.ok(ops.at(-1)!.startsWith('concat'), ops.join('\n'));
  assert.ok(!ops.some((op) => op.startsWith('pad')), ops.join('\n'));
});

test('parameters kept in one vector: their gradients are concatenated, whatever the order of use', () => {
  const flat = t.input('flat', [9]);
  const view = (start: number) => t.slice(flat, 0, start, start + 3);
  const used = t.add(t.add(t.sin(view(6)), t.cos(view(0))), t.add(t.exp(view(3)), t.tanh(view(0))));
  const [d] = grad(t.sum(used), [flat]);
  const ops = opsOf(d!);
  assert.equal(ops.filter((op) => op.startsWith('concat')).length, 1, ops.join('\n'));
  assert.equal(ops.filter((op) => op.startsWith('pad')).length, 0, ops.join('\n'));
});

test('the gradient for an action does not compute the one for the observation', () => {
  const [observation, action, w] = [
    t.input('observation', [8, 20]),
    t.input('action', [8, 3]),
    t.input('w', [2, 23, 5]),
  ];
  const q = t.tanh(t.matmul(t.concat([observation, action], 1), w));
  const [d] = grad(t.sum(q), [action]);
  const text = print(simplify(defineStep({ d: d! })));
  assert.ok(text.includes('float32[2,3,5] = slice'), text);
  assert.ok(text.includes('float32[2,8,3] = matmul'), text);
  assert.ok(!text.includes('float32[2,8,23]'), text);
});
