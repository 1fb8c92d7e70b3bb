/**
 * Groups studies of critics by method: the runs with the same settings, to the last one. A method is named by
 * algorithm, preset and the floor under its target. Methods of the same name are told apart by the settings in which
 * they differ.
 */
import { isDeepStrictEqual } from 'node:util';

export interface StudiedRun {
  readonly algorithm: string;
  readonly preset: string;
  /** All settings by name with their groups, `online.beta`, and whatever else makes runs unequal. */
  readonly settings: Readonly<Record<string, string>>;
}

export interface CriticMethod {
  readonly name: string;
  /**
   * The settings that tell it from methods of the same name, such as `online.eta 0.3`; empty when the name is unique.
   */
  readonly own: readonly string[];
  /** Indices of its studies. */
  readonly studies: readonly number[];
}

export function criticMethods(studied: readonly StudiedRun[]): CriticMethod[] {
  const distinct = studied.filter((run, at) => studied.findIndex((other) => isDeepStrictEqual(other, run)) === at);
  return distinct.map((run) => {
    const name = nameOf(run);
    const namesakes = distinct.filter((other) => nameOf(other) === name);
    const names = [...new Set(namesakes.flatMap(({ settings }) => Object.keys(settings)))];
    const varying = names.filter((one) => new Set(namesakes.map(({ settings }) => settings[one])).size > 1);
    return {
      name,
      own: varying.map((one) => `${one} ${run.settings[one] ?? 'absent'}`),
      studies: studied.flatMap((other, at) => (isDeepStrictEqual(other, run) ? [at] : [])),
    };
  });
}

function nameOf({ algorithm, preset, settings: { mcFloor, nStep } }: StudiedRun): string {
  const floor = mcFloor === undefined ? [] : [mcFloor === 'off' ? 'no floor' : `floor ${mcFloor}`];
  return [`${algorithm} ${preset}`, ...floor, ...(nStep && nStep !== '1' ? [`${nStep}-step`] : [])].join(', ');
}
