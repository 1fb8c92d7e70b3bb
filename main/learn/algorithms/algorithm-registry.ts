/** The algorithms that a run may name, one line each, and how a run configures one. */
import { z } from 'zod';
import { RemediedError } from '../../api/error-words.ts';
import type { MapShape } from '../../api/policy.ts';
import type { AlgorithmName, PresetName } from '../../api/run.ts';
import type { Step } from '../../tensor/step.ts';
import type { ParameterSpec } from '../nets/parameters.ts';
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

/** An algorithm with its settings. Its users need not know their type. */
export interface ConfiguredAlgorithm {
  readonly name: AlgorithmName;
  readonly settings: TrainingSettings;
  createLearner(options: Omit<LearnerOptions<unknown>, 'config'>): Promise<Learner>;
  policyStep(sizes: ObservationSizes): Step;
  policyParameters(sizes: ObservationSizes): readonly ParameterSpec[];
  readonly policyHead: PolicyHead;
  /** True when it learns a Q. */
  readonly hasCritics: boolean;
  /** Returns `undefined` when the algorithm learns no Q. */
  criticStep(sizes: ObservationSizes, rows: number): Step | undefined;
}

/** An algorithm refuses its settings; the message says which and why. */
export class SettingsError extends RemediedError {
  constructor(message: string) {
    super(message, 'Correct the settings, or leave them out to take those of the preset.');
  }
}

type Entry = ReturnType<typeof entry>;

function entry<Config extends TrainingSettings>(algorithm: Algorithm<Config>) {
  const presets = Object.keys(algorithm.presets) as PresetName[]; // The keys of a record by preset
  return {
    presets,
    /** Merges `changes` over the preset and what `maps` need. Throws a `SettingsError` when the result is not usable. */
    configure: (preset: PresetName, changes: object, maps: MapShape | undefined): ConfiguredAlgorithm => {
      const base = algorithm.presets[preset];
      if (!base) throw new RangeError(`${algorithm.name} has no preset \`${preset}\`. It has: ${presets.join(', ')}.`);
      const wanted = mergedSettings(mergedSettings(base, (maps && algorithm.settingsForMaps?.(maps)) ?? {}), changes);
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

/** True when two groups belong to different things by their `name`, for example to different heads. */
const isAnother = (below: Group, value: Group): boolean => 'name' in value && value['name'] !== below['name'];

/** Merges `changes` over `base` group by group; a group with another `name` replaces the old one whole. */
export function mergedSettings(base: object, changes: object): object {
  const result: Record<string, unknown> = { ...base };
  for (const [name, value] of Object.entries(changes)) {
    const below = result[name];
    const merges = isGroup(below) && isGroup(value) && !isAnother(below, value);
    result[name] = merges ? mergedSettings(below, value) : value;
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

/** Configures an algorithm with the settings of a preset and `changes` over them. `maps` is the shape of the encoder's embedding. */
export function configureAlgorithm(
  { algorithm, preset }: { readonly algorithm: AlgorithmName; readonly preset: PresetName },
  changes: object = {},
  maps?: MapShape,
): ConfiguredAlgorithm {
  return entryOf(algorithm).configure(preset, changes, maps);
}

export const algorithmNames = (): readonly AlgorithmName[] => Object.keys(ALGORITHMS) as AlgorithmName[]; // The record's keys
export const presetsOf = (name: AlgorithmName): readonly PresetName[] => entryOf(name).presets;
