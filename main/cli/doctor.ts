/** `takeover doctor`: what this machine has and lacks, and what to do about it. */
import { parseVerb } from './arguments.ts';
import { runDoctor } from './doctor/examine.ts';

export async function run(rest: readonly string[]): Promise<number> {
  const options = parseVerb('doctor', {}, rest);
  if (!options) return 0;
  return runDoctor({ projectFolder: options.data, json: options.json });
}
