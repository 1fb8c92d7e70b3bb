/** Starts the process that trains a reward classifier. Its output follows the contract in `main/api/classifier.ts`. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { type ClassifierEnd, classifierEndSchema } from '../../api/classifier.ts';
import { systemClock } from '../../api/clock.ts';
import { parseBoundedJson } from '../../api/processes/bounded-json.ts';
import { followTail } from '../../api/processes/output-tail.ts';
import { endChild } from '../../engine/policy/end-child.ts';
import type { ClassifierJob } from '../../learn/classifier/make-classifier.ts';
import { endOf, endWords } from '../launchers/child-end.ts';

const ENTRY = fileURLToPath(new URL('../../learn/classifier/classifier-process.ts', import.meta.url));

const MAX_OUTPUT_CHARACTERS = 100_000;

export interface RunningTraining {
  readonly ended: Promise<ClassifierEnd>;
  /** Resolves when the process is gone. */
  cancel(): Promise<void>;
}

export function startClassifierProcess(job: ClassifierJob): RunningTraining {
  const child = spawn(process.execPath, [ENTRY, JSON.stringify(job)], { stdio: ['ignore', 'pipe', 'pipe'] });
  const output = followTail(child.stdout, MAX_OUTPUT_CHARACTERS);
  const ended = endOf(child).then(
    (end): ClassifierEnd =>
      reportedEnd(output()) ?? { kind: 'failed', ...endWords('the training', end, 'label fewer frames') },
  );
  return { ended, cancel: () => endChild(child, systemClock) };
}

/** Returns the end that the output reports. Ignores a line that is cut short or printed by a library. */
function reportedEnd(output: string): ClassifierEnd | undefined {
  for (const line of output.split('\n')) {
    const json = parseBoundedJson(line);
    const end = json.kind === 'value' ? classifierEndSchema.safeParse(json.value) : undefined;
    if (end?.success) return end.data;
  }
  return undefined;
}
