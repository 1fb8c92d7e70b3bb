/** The random shift: where every pixel comes from, on both backends; what is drawn. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRng } from '../../../main/api/rng.ts';
import { drawShifts, randomShift } from '../../../main/learn/nets/random-shift.ts';
import { createOrtBackend } from '../../../main/tensor/backends/ort.ts';
import { interpreter } from '../../../main/tensor/interpret.ts';
import { defineStep } from '../../../main/tensor/step.ts';
import { input } from '../../../main/tensor/tensor.ts';

const [BATCH, HEIGHT, WIDTH, COLOURS, PADDING] = [3, 5, 7, 3, 2];
const shape = [BATCH, HEIGHT, WIDTH, COLOURS];
const at = (image: number, row: number, column: number, colour: number) =>
  ((image * HEIGHT + row) * WIDTH + column) * COLOURS + colour;
const pictures = Float32Array.from({ length: BATCH * HEIGHT * WIDTH * COLOURS }, (_, index) => index);

const backends = [interpreter, createOrtBackend({ threads: 1 })];

async function shifted(offsets: readonly number[], backend = interpreter) {
  const moved = randomShift(input('pictures', shape), input('offsets', [BATCH, 2], 'int64'), PADDING);
  const compiled = await backend.compile(defineStep({ moved }));
  const result = await compiled.run({ pictures, offsets: BigInt64Array.from(offsets, BigInt) });
  await compiled.dispose();
  assert.deepEqual(result['moved']!.shape, shape);
  return Float32Array.from(result['moved']!.data, Number);
}

for (const backend of backends) {
  test(`a shift by the padding is the identity on ${backend.name}`, async () => {
    assert.deepEqual(await shifted([2, 2, 2, 2, 2, 2], backend), pictures);
  });

  test(`every pixel comes from the right place on ${backend.name}`, async () => {
    const offsets = [
      [0, 4],
      [3, 2],
      [4, 0],
    ] as const;
    const result = await shifted(offsets.flat(), backend);
    const kept = (value: number, size: number) => Math.max(0, Math.min(size - 1, value));
    for (let image = 0; image < BATCH; image++)
      for (let row = 0; row < HEIGHT; row++)
        for (let column = 0; column < WIDTH; column++)
          for (let colour = 0; colour < COLOURS; colour++) {
            const [down, right] = offsets[image]!;
            const source = at(image, kept(row + down - PADDING, HEIGHT), kept(column + right - PADDING, WIDTH), colour);
            assert.equal(result[at(image, row, column, colour)], pictures[source]);
          }
  });
}

test('offsets cover 0 … twice the padding, and nothing else', () => {
  const offsets = drawShifts(createRng(5), 500, 4);
  assert.equal(offsets.length, 1000);
  assert.deepEqual([...new Set(offsets)].sort(), [0n, 1n, 2n, 3n, 4n, 5n, 6n, 7n, 8n]);
});

test('offsets of the wrong kind are refused in words', () => {
  assert.throws(
    () => randomShift(input('pictures', shape), input('offsets', [BATCH, 2])),
    /offsets float32\[3,2\]; expected \[B,H,W,C\] and int64\[B,2\]/,
  );
});
