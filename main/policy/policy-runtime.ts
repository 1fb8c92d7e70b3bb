/**
 * Runs a policy. Its graph has one session that takes the weights as inputs, so a newer policy with the same graph is a
 * copy of weights. The runtime stacks the previous proprioception, and draws the head's noise and the acting noise from
 * the episode's stream. A policy that predicts chunks plans again when its chunk runs out or was dropped.
 */
import { createHash } from 'node:crypto';
import { ACTION_SIZE } from '../api/action.ts';
import { PROPRIOCEPTION_SIZE, PROPRIOCEPTION_STACK } from '../api/observation.ts';
import type { PolicyManifest } from '../api/policy.ts';
import { createRng, type Rng } from '../api/rng.ts';
import { readPolicy } from '../learn/policies/export-policy.ts';
import { ModelError, reasonOf } from '../models/model-error.ts';
import { loadOrtSession, type OrtSession, type SessionTensor } from '../tensor/backends/ort.ts';
import { type ChunkExecutor, createChunkExecutor } from './chunk-executor.ts';

const EXPECTED_PROPRIOCEPTION = PROPRIOCEPTION_SIZE * PROPRIOCEPTION_STACK;

interface Loaded {
  readonly manifest: PolicyManifest;
  readonly unverified: boolean;
  readonly graphSha256: string;
  readonly session: OrtSession;
  readonly weights: Readonly<Record<string, SessionTensor>>;
  readonly executor: ChunkExecutor;
}

/** Chunk of a policy that predicts single actions. */
const SINGLE = { size: 1, execute: 1, latencySteps: 0 };

export function createPolicyRuntime(threads = 1) {
  let loaded: Loaded | undefined;
  let noise: Rng = createRng(0);
  let actingNoiseStd = 0;
  const stack = new Float32Array(EXPECTED_PROPRIOCEPTION);
  let seen = 0;
  return {
    /**
     * Rejects with an error that has a `remedy`, and the previous policy stays. `encoderSha256` names the loaded
     * encoder.
     */
    load: async (manifestPath: string, encoderSha256: string | undefined) => {
      const { manifest, graph, weights, unverified } = readPolicy(manifestPath);
      const graphSha256 = createHash('sha256').update(graph).digest('hex');
      const reusable = loaded?.graphSha256 === graphSha256 ? loaded.session : undefined;
      checkManifest(manifest, encoderSha256, weights);
      const session = reusable ?? (await open(manifestPath, graph, threads));
      try {
        const named = bind(manifestPath, manifest, session, weights);
        const previous = loaded;
        const executor = createChunkExecutor(manifest.chunk ?? SINGLE, ACTION_SIZE);
        loaded = { manifest, unverified, graphSha256, session, weights: named, executor };
        if (previous && previous.session !== session) await previous.session.dispose();
      } catch (error) {
        if (!reusable) await session.dispose();
        throw error;
      }
      return manifest;
    },
    manifest: () => loaded?.manifest,
    /** True when the policy in use carries no SHA-256, so damage cannot be detected. */
    unverified: () => loaded?.unverified ?? false,
    startEpisode: (seed: number, std: number) => {
      noise = createRng(seed).split('acting');
      actingNoiseStd = std;
      seen = 0;
      loaded?.executor.reset();
    },
    /**
     * Drops the rest of the current action chunk. Call it when a person takes over, because the arm has left the pose of
     * the plan.
     */
    interrupt: () => loaded?.executor.reset(),
    /** Keeps `proprioception` for the next step's stack, whether or not an action is wanted. */
    observe: (proprioception: Float32Array) => {
      // The previous proprioception comes first. At an episode's first step both are the same.
      stack.copyWithin(0, PROPRIOCEPTION_SIZE);
      stack.set(proprioception, PROPRIOCEPTION_SIZE);
      if (seen++ === 0) stack.set(proprioception, 0);
    },
    /**
     * Returns the clipped action [7] for the newest observation, with acting noise. `undefined` when no policy is
     * loaded. Call it once per tick.
     */
    act: async (embedding: Float32Array) => {
      if (!loaded) return undefined;
      const { manifest, executor } = loaded;
      executor.beginTick();
      if (executor.needsPlan()) await plan(loaded, embedding, stack, noise);
      return executor.action().map((value, index) => {
        if (!manifest.actionMask[index]) return 0;
        const noisy = actingNoiseStd > 0 ? value + actingNoiseStd * noise.normal() : value;
        // NaN stays NaN, because the engine must see it.
        return Math.min(1, Math.max(-1, noisy));
      });
    },
    /**
     * Plans the next chunk beside the current one when the policy's latency requires it. Call it after `act` on the same
     * observation.
     */
    planAhead: async (embedding: Float32Array) => {
      if (loaded?.executor.planDue()) await plan(loaded, embedding, stack, noise);
    },
    dispose: async () => loaded?.session.dispose(),
  };
}

/** Runs the graph on one observation and gives the executor the chunk that it returns. */
async function plan(
  { manifest, session, weights, executor }: Loaded,
  embedding: Float32Array,
  stack: Float32Array,
  noise: Rng,
): Promise<void> {
  const draw = Float32Array.from({ length: manifest.noiseSize }, () => noise.normal());
  const outputs = await session.run({
    ...weights,
    // The graph of a blind policy has no embedding input, and that of a deterministic one has no noise input.
    ...(manifest.embeddingSize > 0 && { embedding: { shape: [1, manifest.embeddingSize], data: embedding } }),
    proprioception: { shape: [1, manifest.proprioceptionSize], data: stack },
    ...(manifest.noiseSize > 0 && { noise: { shape: [1, manifest.noiseSize], data: draw } }),
  });
  executor.accept(Float32Array.from(outputs[outputOf(manifest)]!.data, Number));
}

const outputOf = ({ chunk }: PolicyManifest) => (chunk ? 'actions' : 'action');

function checkManifest(manifest: PolicyManifest, encoderSha256: string | undefined, weights: Float32Array): void {
  if (!weights.every(Number.isFinite))
    throw new ModelError(
      `policy ${manifest.name} has weights that are not finite numbers`,
      'Its training has diverged: go back to an earlier policy.',
    );
  if (manifest.proprioceptionSize !== EXPECTED_PROPRIOCEPTION)
    throw new ModelError(
      `policy ${manifest.name} takes ${manifest.proprioceptionSize} numbers of proprioception, this robot gives ${EXPECTED_PROPRIOCEPTION}`,
      'Train a policy for this robot.',
    );
  if (manifest.encoderSha256 !== undefined && encoderSha256 !== undefined && manifest.encoderSha256 !== encoderSha256)
    throw new ModelError(
      `policy ${manifest.name} was trained on the encoder ${manifest.encoderSha256.slice(0, 12)}…, the one in use is ${encoderSha256.slice(0, 12)}…`,
      'Use the encoder that it was trained on, or train it again.',
    );
}

async function open(manifestPath: string, graph: Uint8Array, threads: number): Promise<OrtSession> {
  return loadOrtSession(graph, { threads }).catch((error: unknown) => {
    throw new ModelError(
      `the graph of ${manifestPath} cannot be opened: ${reasonOf(error)}`,
      'Export the policy again.',
    );
  });
}

/** Splits the flat weights into one tensor per parameter. Throws when they do not fit the graph's inputs. */
function bind(
  manifestPath: string,
  manifest: PolicyManifest,
  session: OrtSession,
  weights: Float32Array,
): Record<string, SessionTensor> {
  const wrong = (message: string) =>
    new ModelError(`${manifestPath} does not fit its graph: ${message}`, 'Export the policy again, or choose another.');
  const expected: Record<string, readonly number[]> = {
    ...(manifest.embeddingSize > 0 && { embedding: [1, manifest.embeddingSize] }),
    proprioception: [1, manifest.proprioceptionSize],
    ...(manifest.noiseSize > 0 && { noise: [1, manifest.noiseSize] }),
    ...Object.fromEntries(manifest.parameters.map(({ name, shape }) => [name, shape])),
  };
  for (const [name, shape] of Object.entries(expected)) {
    const actual = session.inputs[name]?.shape;
    if (actual?.join() !== shape.join())
      throw wrong(
        `${name} is [${shape.join(', ')}] in the manifest and ${actual ? `[${actual.join(', ')}]` : 'absent'} in the graph`,
      );
  }
  const extra = Object.keys(session.inputs).filter((name) => !(name in expected));
  if (extra.length > 0) throw wrong(`the graph also wants ${extra.join(', ')}`);
  const output = [1, ...(manifest.chunk ? [manifest.chunk.size] : []), ACTION_SIZE];
  const given = session.outputs[outputOf(manifest)]?.shape;
  if (given?.join() !== output.join())
    throw wrong(
      `${outputOf(manifest)} is [${output.join(', ')}] in the manifest and ${given ? `[${given.join(', ')}]` : 'absent'} in the graph`,
    );
  let offset = 0;
  return Object.fromEntries(
    manifest.parameters.map(({ name, shape }) => {
      const start = offset;
      offset += shape.reduce((a, b) => a * b, 1);
      return [name, { shape, data: weights.subarray(start, offset) }];
    }),
  );
}
