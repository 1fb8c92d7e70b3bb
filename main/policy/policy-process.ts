/**
 * The policy process: encoder, policy and reward classifier. The engine asks over IPC (`main/api/processes/policy-messages.ts`)
 * and gets one answer per observation, in order. The process opens no database; the engine handles late or missing
 * answers.
 */
import { systemClock } from '../api/clock.ts';
import { remedyOf } from '../api/error-words.ts';
import { type ObservationKind, STATE_ESTIMATE_SIZE } from '../api/observation.ts';
import type { FromPolicyProcess, ToPolicyProcess } from '../api/processes/policy-messages.ts';
import { type EncoderRuntime, loadEncoder } from '../models/encoder-runtime.ts';
import { ModelError, reasonOf } from '../models/model-error.ts';
import { createClassifierRuntime } from './classifier-runtime.ts';
import { createPolicyRuntime } from './policy-runtime.ts';
import { saturationOf } from './saturation.ts';

const policy = createPolicyRuntime();
const classifier = createClassifierRuntime();
let encoder: EncoderRuntime | undefined;
let observation: ObservationKind = 'pixels';

// A failed send is ignored, because this process ends when the engine's channel closes.
const send = (message: FromPolicyProcess) => process.send?.(message, undefined, undefined, () => {});

async function answer(message: ToPolicyProcess): Promise<void> {
  switch (message.kind) {
    case 'load-encoder':
      return load(message.requestId, async () => {
        const next = await loadEncoder(message.manifestPath);
        await encoder?.dispose();
        encoder = next;
        const { name, embeddingSize, sha256 } = next.manifest;
        return { ...NOTHING_MORE, name, embeddingSize, encoderSha256: sha256 };
      });
    case 'load-policy':
      return load(message.requestId, async () => {
        const manifest = await policy.load(message.manifestPath, encoder?.manifest.sha256);
        const { name, embeddingSize, encoderSha256, actingNoiseStd } = manifest;
        const warning = policy.unverified()
          ? `Policy ${name} was made by an older version and carries no SHA-256: damage to its files would not be noticed.`
          : undefined;
        return { ...NOTHING_MORE, name, embeddingSize, encoderSha256, actingNoiseStd, warning };
      });
    case 'load-classifier':
      return load(message.requestId, async () => {
        const manifest = await classifier.load(message.manifestPath, encoder?.manifest.sha256);
        const { name, embeddingSize, encoderSha256, threshold } = manifest;
        return { ...NOTHING_MORE, name, embeddingSize, encoderSha256, threshold };
      });
    case 'start-episode':
      observation = message.observation;
      policy.startEpisode(message.seed, message.actingNoiseStd);
      return;
    case 'observe':
      return proposeOrSayWhyNot(message);
    default:
      throw new Error(`unknown message ${message satisfies never}`);
  }
}

const NOTHING_MORE = { actingNoiseStd: undefined, threshold: undefined, warning: undefined };
type Loaded = Omit<Extract<FromPolicyProcess, { kind: 'loaded' }>, 'kind' | 'requestId'>;

const refusalRemedy = (error: unknown) => remedyOf(error) ?? 'Choose another, or make this one again.';

async function load(requestId: number, work: () => Promise<Loaded>): Promise<void> {
  try {
    send({ kind: 'loaded', requestId, ...(await work()) });
  } catch (error) {
    send({ kind: 'refused', requestId, message: reasonOf(error), remedy: refusalRemedy(error) });
  }
}

async function proposeOrSayWhyNot(message: Extract<ToPolicyProcess, { kind: 'observe' }>): Promise<void> {
  try {
    await propose(message);
  } catch (error) {
    send({ kind: 'failed', sequence: message.sequence, message: reasonOf(error), remedy: refusalRemedy(error) });
  }
}

async function propose(message: Extract<ToPolicyProcess, { kind: 'observe' }>): Promise<void> {
  const startedMs = systemClock.nowMs();
  policy.observe(message.proprioception);
  if (message.interrupted || !message.wantAction) policy.interrupt();
  const embedding = await embed(message);
  const wanted = message.wantAction && policy.manifest()?.embeddingSize === embedding.length;
  const action = wanted ? await policy.act(embedding) : undefined;
  const manifest = policy.manifest();
  const saturation = action && manifest ? saturationOf(action, manifest) : 0;
  const successProbability = await classifier.probability(observation, embedding, message.proprioception);
  const computeMs = systemClock.nowMs() - startedMs;
  const { sequence } = message;
  send({ kind: 'proposal', sequence, action, embedding, computeMs, saturation, successProbability });
  if (wanted) await policy.planAhead(embedding);
}

/**
 * Returns the embedding of an observation, or its substitute when this episode's kind of observation has no pictures.
 */
async function embed(message: Extract<ToPolicyProcess, { kind: 'observe' }>): Promise<Float32Array> {
  switch (observation) {
    case 'pixels':
      if (!encoder) throw new ModelError('no encoder is loaded', 'Send load-encoder first.');
      return encoder.embed(message.frames);
    case 'state':
      return message.stateEstimate ?? new Float32Array(STATE_ESTIMATE_SIZE);
    case 'blind':
      return new Float32Array(
        policy.manifest()?.embeddingSize ?? encoder?.manifest.embeddingSize ?? STATE_ESTIMATE_SIZE,
      );
    default:
      throw new Error(`no embedding for ${observation satisfies never}`);
  }
}

/** Messages are answered one after the other. */
let queue = Promise.resolve();
process.on('message', (message: ToPolicyProcess) => {
  queue = queue
    .then(() => answer(message))
    .catch((error: unknown) => console.error(`policy process: ${reasonOf(error)}`));
});
process.on('disconnect', () => process.exit(0));
send({ kind: 'started' });
