/** `takeover doctor`: what this machine has and lacks, and what to do about it. */

import { runDoctor } from './doctor/examine.ts';
import { parseVerb } from './options/parse-verb.ts';

export async function run(rest: readonly string[]): Promise<number> {
  const options = parseVerb('doctor', {}, rest);
  if (!options) return 0;
  return runDoctor({ projectFolder: options.data, json: options.json });
}
