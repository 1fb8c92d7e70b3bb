/**
 * On-policy steps as PPO's update reads them. The probability of a step's action comes from the weights of the policy
 * that drove it; values and advantages come from the newest critic. A takeover ends an advantage like a time-out: V of
 * the state that the policy left stands for the rest. It also has a cost (RLIF, Luo et al. 2023, arXiv 2311.12996),
 * because a policy that is always rescued never sees where its actions lead.
 * Letters: N steps, D observation, U used action dimensions, C rows of an evaluation.
 */
import { ACTION_SIZE } from '../../../api/action.ts';
import type { Compiled } from '../../../tensor/backend.ts';
import { gae, normalizeAdvantages } from '../../losses/reinforcement/gae.ts';
import type { ObservationSizes, OnPolicySteps, TransitionBatch } from '../algorithm.ts';
import type { PpoConfig } from './ppo-config.ts';

export interface Experience {
  /** N */
  readonly rows: number;
  /** [N, D] */
  readonly observation: Float32Array;
  readonly nextObservation: Float32Array;
  /** [N, U] */
  readonly action: Float32Array;
  /** [N], under the policies that drove. */
  readonly logProb: Float32Array;
  readonly rewards: Float32Array;
  readonly terminated: Uint8Array;
  readonly ended: Uint8Array;
}

/** C: `evaluation` in `createExperienceReader` takes this many rows. */
export const EVALUATION_ROWS = 256;

/** `evaluation` is the compiled `evaluationStep` for `EVALUATION_ROWS` rows. */
export function createExperienceReader(config: PpoConfig, sizes: ObservationSizes, evaluation: Compiled) {
  const D = sizes.embedding + sizes.proprioception;
  const U = sizes.actionMask.filter(Boolean).length;

  /** Log-probabilities and values of N rows, [N] each. */
  const evaluate = async (weights: Float32Array, observation: Float32Array, action: Float32Array) => {
    const rows = observation.length / D;
    const found = { logProb: new Float32Array(rows), value: new Float32Array(rows) };
    for (let first = 0; first < rows; first += EVALUATION_ROWS) {
      const end = Math.min(rows, first + EVALUATION_ROWS);
      const outputs = await evaluation.run({
        parameters: weights,
        observation: padded(observation.subarray(first * D, end * D), EVALUATION_ROWS * D),
        action: padded(action.subarray(first * U, end * U), EVALUATION_ROWS * U),
      });
      for (const name of ['logProb', 'value'] as const)
        found[name].set(Float32Array.from(outputs[name]!.data, Number).subarray(0, end - first), first);
    }
    return found;
  };

  return {
    /** `parameters` is the flat vector [policy | critic]. Returns `undefined` for fewer than two steps: advantages need a spread. */
    experienceFrom: async (
      { steps, ended, takenOver, drivers }: OnPolicySteps,
      parameters: Float32Array,
    ): Promise<Experience | undefined> => {
      if (steps.size < 2) return undefined;
      const observation = observationsOf(steps.embedding, steps.proprioception, sizes);
      const action = usedActions(steps, sizes.actionMask);
      const logProb = new Float32Array(steps.size);
      for (const { first, end, weights } of drivers) {
        const acted = parameters.slice();
        acted.set(weights);
        const [seen, done] = [observation.subarray(first * D, end * D), action.subarray(first * U, end * U)];
        logProb.set((await evaluate(acted, seen, done)).logProb, first);
      }
      return {
        rows: steps.size,
        observation,
        nextObservation: observationsOf(steps.nextEmbedding, steps.nextProprioception, sizes),
        action,
        logProb,
        rewards: steps.reward.map((reward, at) => config.rewardScale * (reward - takenOver[at]! * config.takeoverCost)),
        terminated: Uint8Array.from(steps.mask, (mask) => (mask === 0 ? 1 : 0)),
        ended,
      };
    },

    /** Normalised advantages and returns of every step, by the critic in `parameters`. */
    advantagesOf: async (experience: Experience, parameters: Float32Array) => {
      const { observation, nextObservation, action, rewards, terminated, ended } = experience;
      const { value: values } = await evaluate(parameters, observation, action);
      const { value: nextValues } = await evaluate(parameters, nextObservation, action);
      const rollout = { rewards, values, nextValues, terminated, ended };
      const { advantages, returns } = gae(rollout, config.discount, config.gaeLambda);
      return { advantage: normalizeAdvantages(advantages), returns };
    },
  };
}

/** `embedding` [N, E], `proprioception` [N, P] → observation [N, D]. */
export function observationsOf(
  embedding: Float32Array,
  proprioception: Float32Array,
  { embedding: E, proprioception: P }: ObservationSizes,
): Float32Array {
  const D = E + P;
  const observation = new Float32Array((proprioception.length / P) * D);
  for (let from = 0, row = 0; from < observation.length; from += D, row++) {
    observation.set(embedding.subarray(row * E, (row + 1) * E), from);
    observation.set(proprioception.subarray(row * P, (row + 1) * P), from + E);
  }
  return observation;
}

/** A batch's actions without the dimensions that the task masks, [N, U]. */
export function usedActions({ action, size }: TransitionBatch, mask: readonly boolean[]): Float32Array {
  const used = mask.flatMap((use, index) => (use ? [index] : []));
  return Float32Array.from(
    { length: size * used.length },
    (_, at) => action[Math.floor(at / used.length) * ACTION_SIZE + used[at % used.length]!]!,
  );
}

function padded(values: Float32Array, length: number): Float32Array {
  const all = new Float32Array(length);
  all.set(values);
  return all;
}
