/** Starts the process that trains a reward classifier; what it prints is the contract (`main/learn/classifier-process.ts`). */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { ClassifierEnd } from '../learn/classifier-process.ts';
import type { ClassifierJob } from '../learn/make-classifier.ts';
import { type ChildEnd, endWords } from './child-end.ts';

const ENTRY = fileURLToPath(new URL('../learn/classifier-process.ts', import.meta.url));

export interface RunningTraining {
  readonly ended: Promise<ClassifierEnd>;
  cancel(): void;
}

export function startClassifierProcess(job: ClassifierJob): RunningTraining {
  const child = spawn(process.execPath, [ENTRY, JSON.stringify(job)], { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  let lastWords = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    lastWords = (lastWords + text).slice(-2000);
  });
  const ended = new Promise<ClassifierEnd>((resolve) => {
    const died = (end: Omit<ChildEnd, 'lastWords'>) => {
      const line = output.split('\n').find((one) => one.startsWith('{'));
      if (line)
        resolve(JSON.parse(line) as ClassifierEnd); // own child, same version
      else resolve({ kind: 'failed', ...endWords('the training', { ...end, lastWords }, 'label fewer frames') });
    };
    child.once('error', (error) => {
      lastWords = error.message;
      died({ code: undefined, signal: undefined });
    });
    child.once('close', (code, signal) => died({ code: code ?? undefined, signal: signal ?? undefined }));
  });
  return { ended, cancel: () => child.kill('SIGTERM') };
}
