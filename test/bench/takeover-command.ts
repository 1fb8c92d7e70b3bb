/** Runs a verb of the command line in a process of its own and returns the JSON object that it prints last. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';

const ENTRY = join(import.meta.dirname, '../../main/cli/takeover.ts');

/** Rejects with the end of standard error when the verb fails. */
export function takeover(...args: readonly string[]): Promise<unknown> {
  const child = spawn(process.execPath, [ENTRY, ...args, '--json'], { stdio: ['ignore', 'pipe', 'pipe'] });
  const texts = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const)
    child[stream].setEncoding('utf8').on('data', (text: string) => {
      texts[stream] += text;
    });
  const stop = () => {
    child.kill();
  };
  process.once('exit', stop);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => {
      process.off('exit', stop);
      if (code === 0) resolve(JSON.parse(texts.stdout.trimEnd().split('\n').at(-1) ?? ''));
      else reject(new Error(`takeover ${args.join(' ')} ended with code ${code}: ${texts.stderr.slice(-500)}`));
    });
  });
}
