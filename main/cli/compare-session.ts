/** One session of a comparison, in a folder that says what it is a measurement of: it goes on as that, or not at all. */
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeFileAtomically } from '../learn/policies/atomic-files.ts';
import { type MethodResult, resultOfMethod } from '../runs/comparison.ts';
import {
  type ComparisonBudget,
  type ComparisonKey,
  comparisonKeySchema,
  differences,
  keyOf,
  planOf,
} from '../runs/comparison-key.ts';
import { METHODS, type Method, type MethodName } from '../runs/comparison-methods.ts';
import { readHilState } from '../runs/hil-state.ts';
import { UsageError } from './arguments.ts';
import { makeEncoderVariant } from './encoder-variants.ts';
import { type HilListeners, runHilSession, stateFor } from './hil-session.ts';

const FILE = 'comparison-key.json';

export async function measure(
  folder: string,
  name: MethodName,
  seed: number,
  budget: ComparisonBudget,
  listeners: HilListeners,
): Promise<MethodResult> {
  const key = keyOf(name, budget);
  claim(folder, key);
  const { encoder: kind }: Method = METHODS[name];
  const encoder = kind && (await makeEncoderVariant(kind, folder, seed, key.demos));
  const { episodes, reportEpisodes } = key;
  const result = await runHilSession(
    folder,
    stateFor(folder, planOf(name, seed, key, encoder)),
    {
      ...{ episodes, reportEpisodes },
      reportOffline: true,
      maxMinutes: Number.POSITIVE_INFINITY,
    },
    listeners,
  );
  return resultOfMethod({ ...key, seed }, result);
}

/**
 * A session that was begun with another budget, or with settings that its method has no more, would be told as what it is not; its state
 * alone does not say.
 */
export function claim(folder: string, key: ComparisonKey): void {
  const path = join(folder, FILE);
  const remedy = 'Move that folder away to begin anew, or use another --data folder.';
  if (existsSync(path)) {
    const parsed = comparisonKeySchema.safeParse(JSON.parse(readFileSync(path, 'utf8')));
    const different = parsed.success ? differences(parsed.data, key) : ['all'];
    if (different.length > 0)
      throw new UsageError(
        `the session in ${folder} was begun with other values of: ${different.join(', ')}. ${remedy}`,
      );
    return;
  }
  if (readHilState(folder))
    throw new UsageError(`the session in ${folder} does not say with which budget it was begun. ${remedy}`);
  mkdirSync(folder, { recursive: true });
  writeFileAtomically(path, [Buffer.from(`${JSON.stringify(key, undefined, 2)}\n`)]);
}
