/** The algorithms that a run may name, one line each, and how a run gets one with its settings. */
import { z } from 'zod';
import type { MapShape } from '../../api/policy.ts';
import type { AlgorithmName, PresetName, RunSpec } from '../../api/run.ts';
import type { Step } from '../../tensor/step.ts';
import type { ParameterSpec } from '../nets/parameters.ts';
import { recipeOf } from '../recipes/recipe-registry.ts';
import type {
  Algorithm,
  Learner,
  LearnerOptions,
  ObservationSizes,
  PolicyHead,
  TrainingSettings,
} from './algorithm.ts';
import { calQl } from './conrft/cal-ql.ts';
import { conrft } from './conrft/conrft-learner.ts';
import { imitation } from './imitation/imitation-learner.ts';
import { ppo } from './ppo/ppo-learner.ts';
import { hilSerl } from './soft-actor-critic/hil-serl.ts';
import { rlpd } from './soft-actor-critic/rlpd.ts';

/** An algorithm with its settings: who uses it need not know their type. */
export interface ConfiguredAlgorithm {
  readonly name: AlgorithmName;
  readonly settings: TrainingSettings;
  createLearner(options: Omit<LearnerOptions<unknown>, 'config'>): Promise<Learner>;
  policyStep(sizes: ObservationSizes): Step;
  policyParameters(sizes: ObservationSizes): readonly ParameterSpec[];
  readonly policyHead: PolicyHead;
  /** It learns a Q. */
  readonly hasCritics: boolean;
  /** Undefined where there is no Q. */
  criticStep(sizes: ObservationSizes, rows: number): Step | undefined;
}

/** Settings that an algorithm does not take, in words. */
export class SettingsError extends RangeError {
  override readonly name = 'SettingsError';
  readonly remedy = 'Correct the settings, or leave them out to take those of the preset.';
}

interface Entry {
  readonly presets: readonly PresetName[];
  /** Settings of the preset, those that the maps ask for, and `changes` on top. Throws a `SettingsError` when they are not usable. */
  configure(preset: PresetName, changes: object, maps: MapShape | undefined): ConfiguredAlgorithm;
}

function entry<Config extends TrainingSettings>(algorithm: Algorithm<Config>): Entry {
  const presets = Object.keys(algorithm.presets) as PresetName[]; // the keys of a record by preset
  return {
    presets,
    configure: (preset, changes, maps) => {
      const base = algorithm.presets[preset];
      if (!base) throw new RangeError(`${algorithm.name} has no preset \`${preset}\`. It has: ${presets.join(', ')}.`);
      const wanted = merged(merged(base, (maps && algorithm.settingsForMaps?.(maps)) ?? {}), changes);
      const config = parsed(algorithm, wanted);
      return {
        name: algorithm.name,
        settings: config,
        createLearner: (options) => algorithm.createLearner({ ...options, config }),
        policyStep: (sizes) => algorithm.policyStep(config, sizes),
        policyParameters: (sizes) => algorithm.policyParameters(config, sizes),
        policyHead: algorithm.policyHead(config),
        hasCritics: algorithm.criticStep !== undefined,
        criticStep: (sizes, rows) => algorithm.criticStep?.(config, sizes, rows),
      };
    },
  };
}

function parsed<Config extends TrainingSettings>({ name, parseConfig }: Algorithm<Config>, wanted: object): Config {
  try {
    return parseConfig(wanted);
  } catch (error) {
    if (error instanceof z.ZodError) {
      const wrong = error.issues.map(({ path, message }) =>
        path.length === 0 ? message : `${path.map(String).join('.')}: ${message}`,
      );
      throw new SettingsError(`settings of ${name}: ${wrong.join('; ')}`);
    }
    throw error instanceof Error ? new SettingsError(`settings of ${name}: ${error.message}`) : error;
  }
}

type Group = Readonly<Record<string, unknown>>;

const isGroup = (value: unknown): value is Group =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Of two groups that say by their `name` what they are settings of, another head for example. */
const isAnother = (below: Group, value: Group): boolean => 'name' in value && value['name'] !== below['name'];

/** `changes` on top of `base`, group by group; what is of another kind takes the group's place. */
function merged(base: object, changes: object): object {
  const result: Record<string, unknown> = { ...base };
  for (const [name, value] of Object.entries(changes)) {
    const below = result[name];
    const goesOn = isGroup(below) && isGroup(value) && !isAnother(below, value);
    result[name] = goesOn ? merged(below, value) : value;
  }
  return result;
}

const ALGORITHMS: Readonly<Partial<Record<AlgorithmName, Entry>>> = {
  conrft: entry(conrft),
  'cal-ql': entry(calQl),
  'hil-serl': entry(hilSerl),
  imitation: entry(imitation),
  ppo: entry(ppo),
  rlpd: entry(rlpd),
};

function entryOf(name: AlgorithmName): Entry {
  const found = ALGORITHMS[name];
  if (!found)
    throw new RangeError(`There is no algorithm \`${name}\`. There are: ${Object.keys(ALGORITHMS).join(', ')}.`);
  return found;
}

/** The algorithm that a run names, with the settings of its recipe and then those in `changes` instead of its preset's. */
export function configureAlgorithm(
  spec: Pick<RunSpec, 'algorithm' | 'preset' | 'recipe'>,
  changes: object = {},
  /** Of the encoder's embedding. */
  maps?: MapShape,
): ConfiguredAlgorithm {
  const recipe = spec.recipe && recipeOf(spec.recipe);
  if (recipe && recipe.algorithm !== spec.algorithm)
    throw new RangeError(
      `The recipe \`${recipe.name}\` is one of ${recipe.algorithm}, not of ${spec.algorithm}. Name that algorithm.`,
    );
  return entryOf(spec.algorithm).configure(spec.preset, recipe ? merged(recipe.settings, changes) : changes, maps);
}

/** Those that a run may name today. */
export const algorithmNames = (): readonly AlgorithmName[] => Object.keys(ALGORITHMS) as AlgorithmName[]; // the keys of a record by algorithm
export const presetsOf = (name: AlgorithmName): readonly PresetName[] => entryOf(name).presets;
