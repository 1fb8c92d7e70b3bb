/** Checks that run each library of the program, and each backend that can compute a training run. */
import { BACKENDS, DEFAULT_BACKEND } from '../../api/run.ts';
import { type Check, fail, info, ok, warn } from './check.ts';
import type { NativePart, Probes } from './probes.ts';

const AGAIN = 'Install the dependencies again: npm ci (with npx on the pinned Node 24).';

/** The libraries, with the text after the version when they work. */
const LIBRARIES: readonly (readonly [part: NativePart, shows: string])[] = [
  ['sqlite', 'opens a store'],
  ['onnxruntime', 'runs a model on the CPU'],
  ['mujoco', 'the simulated cell can run'],
  ['video', 'datasets can be written with video'],
];

export function checkLibraries({ native }: Probes): Promise<readonly Check[]> {
  return Promise.all(
    LIBRARIES.map(async ([part, shows]) => {
      const answer = await native(part);
      return answer.ok ? ok(part, `${answer.version}, ${shows}`) : fail(part, short(answer.error), AGAIN);
    }),
  );
}

/**
 * ONNX Runtime sends telemetry to its maker unless it is switched off. This check runs it to see whether it was
 * switched off in time.
 */
export async function checkTelemetry({ telemetry }: Probes): Promise<Check> {
  const answer = await telemetry();
  if (!answer.ok) return warn('telemetry', `could not be checked: ${short(answer.error)}`, AGAIN);
  return answer.files.length === 0
    ? ok('telemetry', 'off')
    : fail(
        'telemetry',
        `on: ONNX Runtime wrote ${answer.files.join(', ')} into the home or temporary folder`,
        'Set ORT_DISABLE_TELEMETRY=1 in the environment that starts the program, and report this line.',
      );
}

/** The processor's backend comes with the program and must work. The others are optional. */
export async function checkBackends({ backends }: Probes): Promise<readonly Check[]> {
  return (await backends()).map((finding) => {
    const [name, { title }] = [`backend ${finding.backend}`, BACKENDS[finding.backend]];
    if (finding.usable) return ok(name, `${title}: trains`);
    const state = finding.backend === DEFAULT_BACKEND ? fail : info;
    return state(name, `${title}: not usable, ${short(finding.reason)}`, finding.remedy);
  });
}

/** Returns the useful part of a native error: its first line, without the source position. */
const short = (error: string): string => {
  const first = error.split('\n').find((line) => line.trim() !== '') ?? error;
  const plain = /^\/.* was false\. (.+)$/.exec(first)?.[1] ?? first;
  return plain.length > 200 ? `${plain.slice(0, 200)}…` : plain;
};
