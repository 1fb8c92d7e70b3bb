/**
 * Entry of the process that trains a reward classifier: `node classifier-process.ts '<ClassifierJob as JSON>'`. It
 * prints its result as one JSON line. It runs at the lowest priority, because a control loop may share the machine.
 */
import { constants, setPriority } from 'node:os';
import type { ClassifierEnd } from '../../api/classifier.ts';
import { messageOf, remedyOf } from '../../api/error-words.ts';
import { type ClassifierJob, makeClassifier } from './make-classifier.ts';

async function work(job: ClassifierJob): Promise<ClassifierEnd> {
  try {
    const { manifest } = await makeClassifier(job);
    return { kind: 'made', name: manifest.name };
  } catch (error) {
    return {
      kind: 'failed',
      message: messageOf(error),
      remedy: remedyOf(error) ?? 'Report this message.',
    };
  }
}

const [job] = process.argv.slice(2);
if (import.meta.main && job !== undefined) {
  try {
    setPriority(constants.priority.PRIORITY_LOW);
  } catch {
    // Some systems do not permit it; the process then only gets more processor time than it should.
  }
  // The parent is this program at the same version, so it sends a `ClassifierJob`.
  console.log(JSON.stringify(await work(JSON.parse(job) as ClassifierJob)));
}
