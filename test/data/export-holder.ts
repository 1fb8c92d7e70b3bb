/** A process that has begun an export and does nothing more, until it is killed without cleaning up. */
import { spawn } from 'node:child_process';
import { dirname, join } from 'node:path';

const TARGET = join(import.meta.dirname, '../../data/export/target.ts');
const PROGRAM = `
import { claimTarget } from ${JSON.stringify(TARGET)};
import { mkdirSync } from 'node:fs';
const target = claimTarget(process.argv[1]);
mkdirSync(target.dataset + '/data');
console.log(target.dataset);
process.stdin.resume();
`;

export interface Holder {
  /** The export's work folder. */
  readonly work: string;
  kill(): Promise<void>;
}

export async function holdTarget(outFolder: string): Promise<Holder> {
  const argv = ['--input-type=module', '-e', PROGRAM, outFolder];
  const child = spawn(process.execPath, argv, { stdio: ['pipe', 'pipe', 'inherit'] });
  const dataset = await new Promise<string>((resolve, reject) => {
    child.stdout.setEncoding('utf8').once('data', (text: string) => resolve(text.trim()));
    child.once('close', () => reject(new Error('the holder ended before it held anything')));
  });
  const kill = () =>
    new Promise<void>((resolve) => {
      child.once('close', () => resolve());
      child.kill('SIGKILL');
    });
  return { work: dirname(dataset), kill };
}
