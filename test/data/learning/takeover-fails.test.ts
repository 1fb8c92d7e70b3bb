/** A takeover counts as a failure of the policy, by a setting; by default the person's rescue counts for it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PoolEpisode, PoolOptions } from '../../../data/learning/pool-types.ts';
import { createTransitionPool } from '../../../data/learning/transition-pool.ts';
import { neverSucceeding } from '../../../data/rules.ts';
import { ACTION_SIZE } from '../../../main/api/action.ts';

const DISCOUNT = 0.9;
const NEVER = neverSucceeding('lift', DISCOUNT);
const DRIVERS = 'ppphhpppphp';

/** One letter a step: p the policy, h a person. The last step succeeds. */
function episode(drivers: string): PoolEpisode {
  const count = drivers.length;
  return {
    id: 1,
    task: 'lift',
    mode: 'run',
    outcome: 'success',
    observations: Array.from({ length: count + 1 }, () => ({
      proprioception: Float32Array.of(1),
      embedding: undefined,
    })),
    steps: Array.from(drivers, (driver, index) => ({
      actor: driver === 'p' ? 'policy' : 'human',
      idle: false,
      action: new Float32Array(ACTION_SIZE),
      reward: index + 1 === count ? 10 : -0.05,
      terminated: index + 1 === count,
      truncated: false,
      rl: true,
      demo: driver === 'h',
    })),
  };
}

function read(options: Partial<PoolOptions>, drivers = DRIVERS) {
  const pool = createTransitionPool({
    ...{ embeddingSize: 0, proprioceptionSize: 1, stack: 1, discount: DISCOUNT, takeoverFails: true },
    ...options,
  });
  pool.addEpisode(episode(drivers));
  const batch = pool.createBatch(drivers.length);
  for (let row = 0; row < drivers.length; row++) pool.readTransition(row, batch, row);
  return { pool, ...batch };
}

const near = (actual: ArrayLike<number>, expected: readonly number[]) =>
  Array.from(actual).forEach((value, index) => {
    assert.ok(Math.abs(value - expected[index]!) < 1e-5, `${index}: ${value}, not ${expected[index]}`);
  });

test('the last step before a takeover is terminal and pays the return of never succeeding', () => {
  const { reward, mask } = read({});
  const taken = [2, 8];
  near(
    reward,
    Array.from(DRIVERS, (_, index) => (taken.includes(index) ? NEVER : index === 10 ? 10 : -0.05)),
  );
  near(
    mask,
    Array.from(DRIVERS, (_, index) => (taken.includes(index) || index === 10 ? 0 : 1)),
  );
});

test('returns agree with rewards and masks in the policy’s parts; a person’s steps keep what followed', () => {
  const { reward, mask, monteCarloReturn, monteCarloReturnCut } = read({});
  for (const row of [0, 1, 2, 5, 6, 7, 8, 10]) {
    const following = mask[row] === 0 ? 0 : (monteCarloReturn[row + 1] ?? 0);
    const expected = row < 10 ? NEVER : reward[row]! + DISCOUNT * following;
    assert.ok(Math.abs(monteCarloReturn[row]! - expected) < 1e-5, `${row}: ${monteCarloReturn[row]}`);
    assert.equal(monteCarloReturnCut[row], monteCarloReturn[row]);
  }
  const usual = read({ takeoverFails: false });
  for (const row of [3, 4, 9]) assert.equal(monteCarloReturn[row], usual.monteCarloReturn[row]);
  assert.ok(usual.monteCarloReturn[0]! > 0, 'by default the rescue counts');
});

test('sums over several steps end at the takeover', () => {
  const { reward, mask } = read({ nStep: 3 });
  near([reward[0]!, reward[1]!, reward[2]!], [-0.05 * 1.9 + 0.81 * NEVER, -0.05 + 0.9 * NEVER, NEVER]);
  near(mask.subarray(0, 3), [0, 0, 0]);
});

test('a later verdict changes the end and leaves the takeovers failures', () => {
  const { pool } = read({}, 'pphp');
  pool.applyEvent({ kind: 'relabel', sequence: 9, episodeId: 1, outcome: 'failure' });
  const batch = pool.createBatch(4);
  for (let row = 0; row < 4; row++) pool.readTransition(row, batch, row);
  near(batch.reward, [-0.05, NEVER, -0.05, NEVER]);
  near(batch.monteCarloReturn, [NEVER, NEVER, NEVER, NEVER]);
});
