/** Chunk execution, shown by a policy that writes its call and step into its actions: call · 100 + k. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ChunkExecution } from '../../main/api/policy.ts';
import { createChunkExecutor, ensemble } from '../../main/policy/chunk-executor.ts';
import { assertNear } from '../learn/near.ts';

/** Returns the actions of `ticks` ticks. Plans are made after the tick's action when the executor allows it. */
function run(execution: ChunkExecution, ticks: number) {
  const executor = createChunkExecutor(execution, 1);
  let calls = 0;
  const plan = () => {
    const call = calls++;
    executor.accept(Float32Array.from({ length: execution.size }, (_, k) => call * 100 + k));
  };
  const executed = Array.from({ length: ticks }, () => {
    executor.beginTick();
    if (executor.needsPlan()) plan();
    const action = executor.action()[0]!;
    if (executor.planDue()) plan();
    return action;
  });
  return { executed, calls };
}

test('receding horizon and latency', () => {
  const of = (size: number, execute: number, latencySteps: number, ticks: number) =>
    run({ size, execute, latencySteps }, ticks);
  assert.deepEqual(of(4, 2, 0, 6), { executed: [0, 1, 100, 101, 200, 201], calls: 3 });
  assert.deepEqual(of(4, 2, 1, 6).executed, [0, 1, 101, 102, 201, 202]);
  assert.deepEqual(of(4, 4, 0, 6).executed, [0, 1, 2, 3, 100, 101]);
  assert.deepEqual(of(4, 1, 0, 3).executed, [0, 100, 200]);
  assert.deepEqual(of(1, 1, 0, 3).executed, [0, 100, 200]);
  assert.deepEqual(of(6, 2, 3, 7).executed, [0, 1, 2, 3, 103, 104, 203], 'a latency longer than the horizon');
  assert.throws(() => createChunkExecutor({ size: 4, execute: 3, latencySteps: 2 }, 1), /Execute at most 2/);
});

test('a reset forgets the plan', () => {
  const executor = createChunkExecutor({ size: 3, execute: 3, latencySteps: 0 }, 1);
  executor.beginTick();
  executor.accept(Float32Array.of(1, 2, 3));
  assert.equal(executor.action()[0], 1);
  executor.reset();
  executor.beginTick();
  assert.ok(executor.needsPlan());
  assert.throws(() => executor.action(), /no plan/);
  executor.accept(Float32Array.of(7, 8, 9));
  assert.equal(executor.action()[0], 7);
  assert.throws(() => executor.accept(Float32Array.of(1)), /1 numbers; this policy's has 3 × 1/);
});

test('temporal ensembling weighs the oldest most', () => {
  assertNear(ensemble([Float32Array.of(1), Float32Array.of(2), Float32Array.of(4)], 0.01), [2.3233391], 1e-7);
  const { executed } = run({ size: 3, execute: 1, latencySteps: 0, ensembleRate: 0 }, 4);
  assertNear(executed, [0, 50.5, 101, 201], 1e-6, 'means of 0, of 1 and 100, of 2, 101 and 200, of 102, 201 and 300');
  const old = run({ size: 3, execute: 1, latencySteps: 0, ensembleRate: 100 }, 3);
  assertNear(old.executed, [0, 1, 2], 1e-5, 'only the oldest counts');
});
