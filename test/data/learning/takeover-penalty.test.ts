/** By a setting, a takeover costs the policy a penalty; the person's rescue counts for it in any case. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PoolEpisode, PoolOptions } from '../../../data/learning/pool-types.ts';
import { createTransitionPool } from '../../../data/learning/transition-pool.ts';
import { ACTION_SIZE } from '../../../main/api/action.ts';

const DISCOUNT = 0.9;
const PENALTY = 3;
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

function poolWith(options: Partial<PoolOptions>, recorded: PoolEpisode) {
  const pool = createTransitionPool({
    ...{ embeddingSize: 0, proprioceptionSize: 1, stack: 1, discount: DISCOUNT, takeoverPenalty: PENALTY },
    ...options,
  });
  pool.addEpisode(recorded);
  return pool;
}

function allRows(pool: ReturnType<typeof poolWith>, count: number) {
  const batch = pool.createBatch(count);
  for (let row = 0; row < count; row++) pool.readTransition(row, batch, row);
  return batch;
}

const read = (options: Partial<PoolOptions>) => allRows(poolWith(options, episode(DRIVERS)), DRIVERS.length);

const near = (actual: ArrayLike<number>, expected: readonly number[]) =>
  Array.from(actual).forEach((value, index) => {
    assert.ok(Math.abs(value - expected[index]!) < 1e-5, `${index}: ${value}, not ${expected[index]}`);
  });

test('the policy’s last step before a takeover pays the penalty, and the value goes on through the rescue', () => {
  const { reward, mask } = read({});
  const taken = [2, 8];
  near(
    reward,
    Array.from(DRIVERS, (_, index) => (index === 10 ? 10 : taken.includes(index) ? -0.05 - PENALTY : -0.05)),
  );
  near(
    mask,
    Array.from(DRIVERS, (_, index) => (index === 10 ? 0 : 1)),
  );
});

test('returns agree with rewards and masks, and by default a takeover costs nothing', () => {
  for (const outcome of ['success', 'failure', 'truncated'] as const) {
    const pool = poolWith({}, { ...episode(DRIVERS), outcome });
    const { reward, mask, monteCarloReturn } = allRows(pool, DRIVERS.length);
    for (let row = 0; row + 1 < DRIVERS.length; row++) {
      const expected = reward[row]! + DISCOUNT * mask[row]! * monteCarloReturn[row + 1]!;
      assert.ok(Math.abs(monteCarloReturn[row]! - expected) < 1e-5, `${outcome} ${row}: ${monteCarloReturn[row]}`);
    }
  }
  const [charged, usual] = [read({}), read({ takeoverPenalty: 0 })];
  near([usual.monteCarloReturn[8]! - charged.monteCarloReturn[8]!], [PENALTY]);
  near([usual.monteCarloReturn[0]! - charged.monteCarloReturn[0]!], [PENALTY * (DISCOUNT ** 2 + DISCOUNT ** 8)]);
  const byDefault = createTransitionPool({ embeddingSize: 0, proprioceptionSize: 1, stack: 1, discount: DISCOUNT });
  byDefault.addEpisode(episode(DRIVERS));
  assert.deepEqual(allRows(byDefault, DRIVERS.length).reward, usual.reward);
});

test('sums over several steps hold the penalty once', () => {
  const { reward } = read({ nStep: 3 });
  near([reward[1]!], [-0.05 * (1 + DISCOUNT + DISCOUNT ** 2) - DISCOUNT * PENALTY]);
});

test('a later verdict does not charge a takeover again', () => {
  const pool = poolWith({}, episode('pphp'));
  for (const [sequence, outcome] of [
    [9, 'failure'],
    [10, 'success'],
  ] as const)
    pool.applyEvent({ kind: 'relabel', sequence, episodeId: 1, outcome });
  near(allRows(pool, 4).reward, [-0.05, -0.05 - PENALTY, -0.05, 10]);
});
