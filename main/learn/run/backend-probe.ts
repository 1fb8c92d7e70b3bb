/** Tries one backend and prints what came of it as one JSON line; run as a process of its own by `backends.ts`. */
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
// A driver's own threads must not keep the process alive.
process.exit(0);
