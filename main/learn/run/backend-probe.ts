/** Entry of a process that tries one backend and prints the finding as one JSON line; `backends.ts` runs it. */
import { writeSync } from 'node:fs';
import { backendSchema } from '../../api/run.ts';
import { type BackendFinding, BackendUnavailable, createBackend } from './backends.ts';

const backend = backendSchema.parse(process.argv[2]);

async function finding(): Promise<BackendFinding> {
  try {
    await createBackend(backend, { threads: 1 });
    return { backend, usable: true };
  } catch (error) {
    if (!(error instanceof BackendUnavailable)) throw error;
    return { backend, usable: false, reason: error.message.replace(/^.*? cannot be used: /, ''), remedy: error.remedy };
  }
}

writeSync(1, `${JSON.stringify(await finding())}\n`);
// Exits at once, because a driver's own threads may keep the process alive.
process.exit(0);
