/** The settings in which two runs differ: first those of their specs, then those that the algorithms used. Pure. */
import { DEFAULT_BACKEND, type RunSpec } from '../../../../main/api/index.ts';

export type Settings = Readonly<Record<string, string>>;

const NOTHING = '–';

function asked(spec: RunSpec): Settings {
  const { algorithm, preset, recipe, stage, task, observation, steps, seed, backend, startFrom } = spec;
  return {
    algorithm,
    preset: recipe === undefined ? preset : NOTHING,
    recipe: recipe ?? NOTHING,
    stage,
    task,
    observation,
    steps: steps === undefined ? NOTHING : `${steps}`,
    seed: `${seed}`,
    backend: backend ?? DEFAULT_BACKEND,
    'started from': startFrom ?? 'fresh weights',
  };
}

interface RunSettings {
  readonly spec: RunSpec;
  readonly settings: Settings;
}

export function differences(here: RunSettings, there: RunSettings) {
  const [a, b]: readonly Settings[] = [here, there].map(({ spec, settings }) => ({ ...asked(spec), ...settings }));
  return Object.keys({ ...a, ...b })
    .map((name) => ({ name, here: a?.[name] ?? NOTHING, there: b?.[name] ?? NOTHING }))
    .filter((difference) => difference.here !== difference.there);
}
