/** The commands that could not be stored, and the problems that report them. Lost steps are reported once an episode. */

import { isBusy, isFull } from '../file-trouble.ts';
import type { Problem } from '../records.ts';
import { errorText, StoreError } from '../store-error.ts';
import type { Command } from './commands.ts';
import { FREE_SPACE } from './disk-watch.ts';

export type Losses = ReturnType<typeof createLosses>;

export function createLosses() {
  /** The first step of each episode that was lost, and how many since. */
  const lost = new Map<number, { readonly first: number; count: number }>();
  return {
    lostSteps: (episodeId: number): number => lost.get(episodeId)?.count ?? 0,

    /** Returns the problem of a command that failed; `undefined` when it follows from one that is reported already. */
    report(command: Command, error: unknown): Problem | undefined {
      const why = error instanceof StoreError ? error.message : `${errorText(error)}.`;
      const remedy = remedyFor(error);
      if (command.kind === 'step') {
        const { episodeId, step } = command;
        const known = lost.get(episodeId);
        if (known) known.count++;
        else lost.set(episodeId, { first: step.index, count: 1 });
        const message = `Step ${step.index} of episode ${episodeId} and those after it are not stored: ${why}`;
        return known ? undefined : { message, remedy, fatal: true };
      }
      const what = 'episodeId' in command ? `${command.kind} of episode ${command.episodeId}` : command.kind;
      const fatal = command.kind === 'begin' || command.kind === 'end';
      return { message: `Not stored: ${what}: ${why}`, remedy, fatal };
    },

    /** Returns the problem that sums up an episode's lost steps, when a command ends the episode. */
    sumUp(command: Command, isStored: (episodeId: number) => boolean): Problem | undefined {
      if (command.kind !== 'end') return undefined;
      const { episodeId } = command;
      const gap = lost.get(episodeId);
      lost.delete(episodeId);
      if (!gap) return undefined;
      if (!isStored(episodeId))
        return { message: `Episode ${episodeId} is lost, ${gap.count} steps.`, remedy: FREE_SPACE, fatal: true };
      return {
        message: `Episode ${episodeId} ended with ${gap.count} steps lost, from step ${gap.first} to step ${gap.first + gap.count - 1}; it is kept up to there, as aborted.`,
        remedy: 'Discard the episode if the rest is of no use.',
        fatal: true,
      };
    },
  };
}

function remedyFor(error: unknown): string {
  if (isFull(error)) return FREE_SPACE;
  if (error instanceof StoreError) return error.remedy;
  return isBusy(error) ? 'Close the other program that holds the project file.' : 'Check the disk of the project.';
}
