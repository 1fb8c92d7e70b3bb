/**
 * Which studies of critics are of one method: those of runs with the same settings to the last one. A method is named by algorithm,
 * preset and how its target is held up, and where methods of a study share that name, by the settings in which they differ.
 */

export interface Studied {
  readonly algorithm: string;
  readonly preset: string;
  /** In full, by name with its groups; with them whatever else makes runs unequal. */
  readonly settings: Readonly<Record<string, string>>;
}

export interface CriticMethod {
  readonly name: string;
  /** What tells it from others of that name, `online.eta 0.3`; empty where there are none. */
  readonly own: readonly string[];
  /** Positions of its studies. */
  readonly studies: readonly number[];
}

export function criticMethods(studied: readonly Studied[]): CriticMethod[] {
  const keys = studied.map(keyOf);
  return [...new Set(keys)].map((key) => {
    const studies = keys.flatMap((other, at) => (other === key ? [at] : []));
    const first = studied[studies[0]!]!;
    const name = nameOf(first);
    const namesakes = studied.filter((other) => nameOf(other) === name);
    const names = [...new Set(namesakes.flatMap(({ settings }) => Object.keys(settings)))];
    const varying = names.filter((one) => new Set(namesakes.map(({ settings }) => settings[one])).size > 1);
    return { name, own: varying.map((one) => `${one} ${first.settings[one] ?? 'absent'}`), studies };
  });
}

const keyOf = ({ algorithm, preset, settings }: Studied): string =>
  JSON.stringify([algorithm, preset, ...Object.entries(settings).sort(([a], [b]) => (a < b ? -1 : 1))]);

function nameOf({ algorithm, preset, settings: { mcFloor, nStep } }: Studied): string {
  const floor = mcFloor === undefined ? [] : [mcFloor === 'off' ? 'no floor' : `floor ${mcFloor}`];
  return [`${algorithm} ${preset}`, ...floor, ...(nStep && nStep !== '1' ? [`${nStep}-step`] : [])].join(', ');
}
