/** The libraries that come with the program, tried for real, and the one that a person may add. */
import { type Check, fail, info, ok } from './check.ts';
import type { NativeAnswer, NativePart, Probes } from './probes.ts';

const AGAIN = 'Install the dependencies again: npm ci (with npx on the pinned Node 24).';

interface Library {
  readonly name: string;
  readonly part: NativePart;
  /** Added to the version when it works. */
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

/** Other providers than the CPU are extras: their absence is no fault. */
export async function checkProviders({ native }: Probes): Promise<readonly Check[]> {
  const [webgpu, cuda] = await Promise.all([native('webgpu'), native('cuda')]);
  return [
    provider(
      'webgpu provider',
      webgpu,
      'Needs a graphics driver with Vulkan, Metal or D3D12; the CPU does the work meanwhile.',
    ),
    provider(
      'cuda provider',
      cuda,
      'For an NVIDIA card with CUDA 12 and cuDNN 9: ONNXRUNTIME_NODE_INSTALL=cuda12 node node_modules/onnxruntime-node/script/install.js (fetches some hundred MB).',
    ),
  ];
}

const provider = (name: string, answer: NativeAnswer, remedy: string): Check =>
  answer.ok ? ok(name, 'runs a model') : info(name, `not usable: ${short(answer.error)}`, remedy);

export async function checkTensorFlow({ native }: Probes): Promise<Check> {
  const answer = await native('tfjs-gpu');
  return answer.ok
    ? info('tfjs-node-gpu', `${answer.version}, installed`)
    : info(
        'tfjs-node-gpu',
        'not installed (optional: a third backend for training)',
        'npm install --no-save @tensorflow/tfjs-node-gpu downloads some 400 MB; it needs an NVIDIA card with CUDA.',
      );
}

/** Native errors come with source positions and stacks; what a person can use stands after them, on the first line. */
const short = (error: string): string => {
  const first = error.split('\n').find((line) => line.trim() !== '') ?? error;
  const plain = /^\/.* was false\. (.+)$/.exec(first)?.[1] ?? first;
  return plain.length > 200 ? `${plain.slice(0, 200)}…` : plain;
};
