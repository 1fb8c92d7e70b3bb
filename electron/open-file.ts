/**
 * Opens a file in the desktop's own program on Linux. Electron's `openPath` blocks its main thread until that program
 * ends, so the whole shell would freeze until the viewer is closed.
 */
import { spawn } from 'node:child_process';
import type { Clock } from '../main/api/clock.ts';

/** An opener that runs this long has opened the file. On some desktops it ends only with the viewer. */
const OPENED_AFTER_MS = 4_000;

/** Resolves with the reason when the file could not be opened. */
export function openByDesktop(path: string, clock: Clock, opener = 'xdg-open'): Promise<string | undefined> {
  const done = Promise.withResolvers<string | undefined>();
  const child = spawn(opener, [path], { stdio: 'ignore', detached: true });
  const cancel = clock.at(clock.nowMs() + OPENED_AFTER_MS, () => done.resolve(undefined));
  const finish = (problem: string | undefined) => {
    cancel();
    done.resolve(problem);
  };
  child.on('error', (error) => finish(`${opener} could not be started (${error.message})`));
  child.on('exit', (code, signal) =>
    finish(code === 0 ? undefined : `${opener} ended with ${signal ?? `exit status ${code}`}`),
  );
  child.unref();
  return done.promise;
}
