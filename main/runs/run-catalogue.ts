/**
 * Answers questions about runs from the learning library and the run folders: the algorithms, the pace of a run,
 * whether a policy fits it, and the settings that it has used. Loading the library takes a while, so this runs in the
 * thread of `run-rows-thread.ts`.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { EncoderManifest, PolicyManifest } from '../api/policy.ts';
import type { RunOptions, RunSpec } from '../api/run.ts';
import type { ConfiguredAlgorithm } from '../learn/algorithms/algorithm-registry.ts';
import { readEncoderManifest } from '../models/encoder-manifest.ts';
import { readPolicy, UnknownPolicyError } from './policies/policy-registry.ts';

export type RunCatalogue = ReturnType<typeof createRunCatalogue>;

/**
 * `encoderManifestPath`: the encoder of runs on pixels. It decides the size of their nets, and policies of another
 * encoder do not fit.
 */
export function createRunCatalogue(projectFolder: string, encoderManifestPath?: string) {
  const encoderOf = ({ observation }: RunSpec) =>
    observation === 'pixels' && encoderManifestPath ? readEncoderManifest(encoderManifestPath) : undefined;
  const configured = async (spec: RunSpec) =>
    (await import('../learn/recipes/configure-spec.ts')).configureSpec(spec, spec.settings, encoderOf(spec)?.maps);
  return {
    options: async (): Promise<RunOptions> => {
      const { algorithmNames, presetsOf } = await import('../learn/algorithms/algorithm-registry.ts');
      const { recipes } = await import('../learn/recipes/recipe-registry.ts');
      return {
        algorithms: algorithmNames().map((name) => ({ name, presets: presetsOf(name) })),
        recipes: recipes().map(({ name, title, algorithm, preset }) => ({ name, title, algorithm, preset })),
      };
    },
    /**
     * Returns the amounts of work of a run. `ownEpisodes`: online, the number of its own newest episodes, for an
     * algorithm that learns from no others. `hasCritics`: its checkpoint holds critics, from which another run can go on.
     */
    pace: async (spec: RunSpec) => {
      const { settings, hasCritics } = await configured(spec);
      const { offlineUpdates } = await import('../learn/algorithms/algorithm.ts');
      const { actorUpdatesPerStep, trainingStarts, demoShare, episodes } = settings;
      const own = episodes !== undefined && { ownEpisodes: episodes };
      const offlineSteps = offlineUpdates(settings, spec.task);
      return { offlineSteps, actorUpdatesPerStep, trainingStarts, demoShare, hasCritics, ...own };
    },
    /** Returns why a run cannot begin from the policy's weights; undefined when it can. */
    misfit: async (spec: RunSpec, manifestPath: string) => {
      const algorithm = await configured(spec);
      try {
        return misfitOf(readPolicy(manifestPath).manifest, spec, algorithm, encoderOf(spec));
      } catch (error) {
        if (error instanceof UnknownPolicyError) return error.message;
        throw error;
      }
    },
    /** Returns the settings by name with their groups, `online.beta`, as text. Empty before the run has begun. */
    settings: async (runId: number): Promise<Readonly<Record<string, string>>> => {
      const path = join(projectFolder, 'runs', String(runId), 'config.json');
      return existsSync(path) ? flattened(JSON.parse(readFileSync(path, 'utf8'))) : {};
    },
  };
}

function misfitOf(
  manifest: PolicyManifest,
  spec: RunSpec,
  algorithm: ConfiguredAlgorithm,
  encoder: EncoderManifest | undefined,
): string | undefined {
  if (manifest.task !== spec.task) return `it is for the task ${manifest.task}`;
  if (manifest.observation !== spec.observation) return `it sees ${manifest.observation}, this run ${spec.observation}`;
  if (encoder && manifest.encoderSha256 !== encoder.sha256)
    return `it reads another encoder than ${encoder.name}, which is in use here`;
  if (manifest.head !== algorithm.policyHead.head)
    return `its actions come from a ${manifest.head} head, those of ${spec.algorithm} from a ${algorithm.policyHead.head} head`;
  const wanted = algorithm.policyParameters({
    embedding: manifest.embeddingSize,
    proprioception: manifest.proprioceptionSize,
    actionMask: manifest.actionMask,
  });
  const shapes = (parameters: readonly { readonly name: string; readonly shape: readonly number[] }[]) =>
    parameters.map(({ name, shape }) => `${name} ${shape.join('×')}`).join(', ');
  const names = new Set(manifest.parameters.map(({ name }) => name));
  const required = wanted.filter(({ name, mayBeNew }) => !mayBeNew || names.has(name));
  return shapes(required) === shapes(manifest.parameters)
    ? undefined
    : `its networks have other sizes than those of ${spec.algorithm} with the preset ${spec.preset}`;
}

function flattened(value: unknown, prefix = ''): Record<string, string> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return { [prefix]: Array.isArray(value) ? value.join(', ') : String(value) };
  return Object.assign(
    {},
    ...Object.entries(value).map(([name, each]) => flattened(each, prefix === '' ? name : `${prefix}.${name}`)),
  );
}
