/**
 * One session of a comparison. Its folder holds the key of what it measures, and a session with another key is not
 * resumed.
 */
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { UsageError } from '../../api/error-words.ts';
import { writeFileAtomically } from '../../models/atomic-files.ts';
import { type HilListeners, runHilSession, stateFor } from '../hil/hil-session.ts';
import { readHilState } from '../hil/hil-state.ts';
import {
  type ComparisonBudget,
  type ComparisonKey,
  comparisonKeySchema,
  differences,
  keyOf,
  planOf,
} from './comparison-key.ts';
import { makeEncoderVariant } from './encoder-variants.ts';
import { METHODS, type Method, type MethodName } from './methods.ts';
import { type MethodResult, resultOfMethod } from './results.ts';

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
  const encoder = kind && (await makeEncoderVariant(kind, folder, { seed, task: key.task, count: key.demos }));
  const { episodes, reportEpisodes } = key;
  const result = await runHilSession(
    folder,
    stateFor(folder, planOf(name, seed, key, encoder)),
    { episodes, reportEpisodes, reportOffline: true, maxMinutes: Number.POSITIVE_INFINITY },
    listeners,
  );
  return resultOfMethod({ ...key, seed }, result);
}

/**
 * Refuses to resume a session whose budget or settings differ from the recorded ones, because its results would be
 * labelled wrongly.
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
