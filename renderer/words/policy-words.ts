/** Describes a policy in one sentence for the person who watches it drive: its origin, and how well it does alone. */
import { madeFromInWords, parsePolicyName } from '../../main/api/index.ts';
import type { PolicyEntry } from '../state/engine-store.ts';
import { grouped, percent } from './format.ts';

type Described = Pick<PolicyEntry, 'name' | 'trainedSteps' | 'madeFrom' | 'successRate'>;

/** A measurement of a run's policy names no interval, so it is given as a share. */
export function policyInWords({ name, trainedSteps, madeFrom, successRate }: Described): string {
  if (madeFrom) return `${name}: ${madeFromInWords(madeFrom)}.`;
  const made = parsePolicyName(name);
  const origin = made ? `run ${made.runId} after ${grouped(trainedSteps)} updates` : `${grouped(trainedSteps)} updates`;
  const measured = successRate === undefined ? 'not measured alone' : `succeeds alone in ${percent(successRate)}`;
  return `${name}: ${origin}, ${measured}.`;
}
