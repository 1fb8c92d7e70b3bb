/**
 * Runs a reward classifier, which gives the probability that an observation shows success. It gives none for another
 * kind of observation than it was trained on.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type ClassifierManifest, classifierManifestSchema } from '../api/classifier.ts';
import { type ObservationKind, PROPRIOCEPTION_SIZE } from '../api/observation.ts';
import { ModelError, reasonOf } from '../models/model-error.ts';
import { loadOrtSession, type OrtSession } from '../tensor/backends/ort.ts';

const AGAIN = 'Choose another classifier, or train this one again.';

export function createClassifierRuntime(threads = 1) {
  let loaded: { readonly manifest: ClassifierManifest; readonly session: OrtSession } | undefined;
  return {
    /**
     * Rejects with a `ModelError`, and the previous classifier stays in use. `encoderSha256` names the loaded encoder.
     */
    load: async (manifestPath: string, encoderSha256: string | undefined) => {
      const manifest = readManifest(manifestPath);
      if (manifest.observation === 'pixels' && manifest.encoderSha256 !== encoderSha256)
        throw new ModelError(
          `classifier ${manifest.name} was trained on the encoder ${brief(manifest.encoderSha256)}, the one in use is ${brief(encoderSha256)}`,
          'Train it again: embeddings of the encoder in use are computed from the stored pictures.',
        );
      const session = await open(manifestPath, manifest, threads);
      const previous = loaded;
      loaded = { manifest, session };
      await previous?.session.dispose();
      return manifest;
    },
    /** Returns `undefined` while no classifier is loaded, and for another kind or size of observation than its own. */
    probability: async (observation: ObservationKind, embedding: Float32Array, proprioception: Float32Array) => {
      if (!loaded || loaded.manifest.observation !== observation) return undefined;
      if (loaded.manifest.embeddingSize !== embedding.length) return undefined;
      return evaluate(loaded.session, embedding, proprioception);
    },
  };
}

async function evaluate(session: OrtSession, embedding: Float32Array, proprioception: Float32Array): Promise<number> {
  const wantsProprioception = session.inputs['proprioception'] !== undefined;
  const { logit } = await session.run({
    embedding: { shape: [1, embedding.length], data: embedding },
    ...(wantsProprioception && { proprioception: { shape: [1, proprioception.length], data: proprioception } }),
  });
  return 1 / (1 + Math.exp(-Number(logit!.data[0])));
}

const brief = (sha256: string | undefined) => (sha256 === undefined ? 'none' : `${sha256.slice(0, 12)}…`);

function readManifest(manifestPath: string): ClassifierManifest {
  let manifest: ClassifierManifest;
  try {
    manifest = classifierManifestSchema.parse(JSON.parse(readFileSync(manifestPath, 'utf8')));
  } catch (error) {
    throw new ModelError(`${manifestPath} is not a usable classifier manifest: ${reasonOf(error)}`, AGAIN);
  }
  if (manifest.proprioceptionSize !== 0 && manifest.proprioceptionSize !== PROPRIOCEPTION_SIZE)
    throw new ModelError(
      `classifier ${manifest.name} takes ${manifest.proprioceptionSize} numbers of proprioception, this robot gives ${PROPRIOCEPTION_SIZE}`,
      'Train a classifier for this robot.',
    );
  return manifest;
}

async function open(manifestPath: string, manifest: ClassifierManifest, threads: number): Promise<OrtSession> {
  const path = join(dirname(manifestPath), manifest.model);
  try {
    const model = readFileSync(path);
    const sha256 = createHash('sha256').update(model).digest('hex');
    if (sha256 !== manifest.sha256) throw new Error(`it has SHA-256 ${sha256}, its manifest says ${manifest.sha256}`);
    const session = await loadOrtSession(model, { threads });
    // One run now refuses a model of another shape here instead of at a tick.
    await evaluate(session, new Float32Array(manifest.embeddingSize), new Float32Array(PROPRIOCEPTION_SIZE));
    return session;
  } catch (error) {
    throw new ModelError(`${path} cannot be used: ${reasonOf(error)}`, AGAIN);
  }
}
