/** Checkpoints: round trip to the bit, and a damaged one is refused with what to do. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { createRng } from '../../../main/api/rng.ts';
import {
  type Checkpoint,
  CheckpointError,
  readCheckpoint,
  writeCheckpoint,
} from '../../../main/learn/run/checkpoint.ts';
import { temporaryFolder } from '../toy-project.ts';

function example(): Checkpoint {
  const rng = createRng(1);
  rng.normal();
  return {
    header: {
      ...{ algorithm: 'conrft', preset: 'cell', stage: 'online', runId: 3 },
      counters: { updates: 7 },
      rng: rng.save(),
      ...{ blocks: 2, blockUpdates: 1, stepsServed: 12.5 },
      blockSums: { count: 1, totals: { criticLoss: 0.1 } },
      pointSums: { count: 2, totals: { criticLoss: 0.3 } },
    },
    arrays: { actor: Float32Array.of(1, -2.5, 1e-30), critic: new Float32Array(5).fill(0.1) },
  };
}

test('what is written is read, and nothing is left beside it', (t) => {
  const path = join(
    temporaryFolder((clean) => t.after(clean)),
    'deep',
    'checkpoint.bin',
  );
  assert.equal(readCheckpoint(path), undefined);
  writeCheckpoint(path, example());
  writeCheckpoint(path, example());
  const read = readCheckpoint(path);
  assert.deepEqual(read?.arrays, example().arrays);
  const {
    arrays: _,
    sha256: __,
    ...header
  } = read!.header as typeof read.header & { arrays: unknown; sha256: unknown };
  assert.deepEqual(header, example().header);
  assert.equal(existsSync(`${path}.part`), false);
});

test('damage is refused: another file, a cut, a flipped bit, something appended', (t) => {
  const path = join(
    temporaryFolder((clean) => t.after(clean)),
    'checkpoint.bin',
  );
  writeCheckpoint(path, example());
  const whole = readFileSync(path);
  const flipped = Buffer.from(whole);
  flipped[flipped.length - 1]! ^= 1;
  const cases: Record<string, Buffer> = {
    'no checkpoint file': Buffer.from('hello, this is not one'),
    'it ends after': whole.subarray(0, whole.length - 4),
    'do not match their SHA-256': flipped,
    'follow the last array': Buffer.concat([whole, Buffer.alloc(2)]),
    'do not match their SHA-256 ': Buffer.from(whole.toString('latin1').replace('"blocks":2', '"blocks":3'), 'latin1'),
    'header cannot be read': Buffer.concat([whole.subarray(0, 12), Buffer.alloc(whole.length - 12)]),
  };
  for (const [words, bytes] of Object.entries(cases)) {
    writeFileSync(path, bytes);
    assert.throws(
      () => readCheckpoint(path),
      (error) => error instanceof CheckpointError && error.message.includes(words.trim()) && error.remedy.length > 0,
      words,
    );
  }
});

test('a checkpoint of version 1, whose SHA-256 is that of the arrays alone, is read', (t) => {
  const path = join(
    temporaryFolder((clean) => t.after(clean)),
    'checkpoint.bin',
  );
  writeCheckpoint(path, example());
  const bytes = readFileSync(path);
  const end = 12 + bytes.readUInt32LE(8);
  const arrays = bytes.subarray(end);
  const header = JSON.parse(bytes.toString('utf8', 12, end));
  header.sha256 = createHash('sha256').update(arrays).digest('hex');
  const text = Buffer.from(JSON.stringify(header));
  const prefix = Buffer.from(bytes.subarray(0, 12));
  prefix.writeUInt32LE(1, 4);
  prefix.writeUInt32LE(text.length, 8);
  writeFileSync(path, Buffer.concat([prefix, text, arrays]));
  assert.deepEqual(readCheckpoint(path)?.arrays, example().arrays);
});
