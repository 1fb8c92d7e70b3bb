/** Checks that run each library of the program, and each backend that can compute a training run. */
import { BACKENDS, DEFAULT_BACKEND } from '../../api/run.ts';
import { type Check, fail, info, ok, warn } from './check.ts';
import type { NativePart, Probes } from './probes.ts';

const AGAIN = 'Install the dependencies again: npm ci (with npx on the pinned Node 24).';

interface Library {
  readonly name: string;
  readonly part: NativePart;
  /** Text after the version when the library works. */
  readonly shows: string;
  readonly remedy: string;
}

const LIBRARIES: readonly Library[] = [
  { name: 'sqlite', part: 'sqlite', shows: 'opens a store', remedy: AGAIN },
  { name: 'onnxruntime', part: 'onnxruntime', shows: 'runs a model on the CPU', remedy: AGAIN },
  { name: 'mujoco', part: 'mujoco', shows: 'the simulated cell can run', remedy: AGAIN },
  { name: 'video', part: 'video', shows: 'datasets can be written with video', remedy: AGAIN },
];

export function checkLibraries({ native }: Probes): Promise<readonly Check[]> {
  return Promise.all(
    LIBRARIES.map(async ({ name, part, shows, remedy }) => {
      const answer = await native(part);
      return answer.ok ? ok(name, `${answer.version}, ${shows}`) : fail(name, short(answer.error), remedy);
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
