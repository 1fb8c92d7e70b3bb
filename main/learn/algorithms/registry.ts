/** The algorithms that a run may name, one line each, and how a run gets one with its settings. */
import type { MapShape } from '../../api/policy.ts';
import type { AlgorithmName, PresetName, RunSpec } from '../../api/run.ts';
import type { Step } from '../graph/step.ts';
import type { ParameterSpec } from '../nets/parameters.ts';
import { recipeOf } from '../recipes/registry.ts';
import type {
  Algorithm,
  Learner,
  LearnerOptions,
  ObservationSizes,
  PolicyHead,
  TrainingSettings,
} from './algorithm.ts';
import { calQl } from './cal-ql.ts';
import { conrft } from './conrft-learner.ts';
import { hilSerl } from './hil-serl.ts';
import { imitation } from './imitation-learner.ts';
import { ppo } from './ppo-learner.ts';
import { rlpd } from './rlpd.ts';

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

interface Entry {
  readonly presets: readonly PresetName[];
  /** Settings of the preset, those that the maps ask for, and `changes` on top. Throws when they are not usable. */
  configure(preset: PresetName, changes: object, maps: MapShape | undefined): ConfiguredAlgorithm;
}

function entry<Config extends TrainingSettings>(algorithm: Algorithm<Config>): Entry {
  const presets = Object.keys(algorithm.presets) as PresetName[]; // the keys of a record by preset
  return {
    presets,
    configure: (preset, changes, maps) => {
      const base = algorithm.presets[preset];
      if (!base) throw new RangeError(`${algorithm.name} has no preset \`${preset}\`. It has: ${presets.join(', ')}.`);
      const config = algorithm.parseConfig(
        merged(merged(base, (maps && algorithm.settingsForMaps?.(maps)) ?? {}), changes),
      );
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

const isGroup = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** `changes` on top of `base`, group by group. */
function merged(base: object, changes: object): object {
  const result: Record<string, unknown> = { ...base };
  for (const [name, value] of Object.entries(changes)) {
    const below = result[name];
    result[name] = isGroup(below) && isGroup(value) ? merged(below, value) : value;
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
