/**
 * Two minutes of the soak: all checks pass, whatever the script kills, suspends and sends. Reads /proc, so it runs on
 * Linux only.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { run } from '../bench/soak.ts';

const provedSchema = z.object({
  store: z.object({ stepsFound: z.int().positive(), countersCompared: z.int().positive() }),
  stop: z.object({ stops: z.int().positive(), holdsWatched: z.int().positive() }),
  fuzz: z.object({ messages: z.int().positive(), refused: z.int().positive() }),
  engine: z.object({ starts: z.int().min(2) }),
});

const skip = process.platform === 'linux' ? false : 'the soak finds processes in /proc: Linux only';

test('two minutes of driving, fuzzing and faults break nothing', { skip }, async () => {
  const result = await run({ minutes: 2, seed: 1 });
  provedSchema.parse(result); // Something was compared, pressed, sent and killed.
  assert.deepEqual(result.broken, [], JSON.stringify(result, undefined, 2));
});
