/**
 * The settings in force. The control loop reads `inForce` at every tick. A task narrows the workspace box at each
 * reset, so the box that a person chose is kept beside the narrowed one.
 */

import type { RobotCell } from '../../native/device.ts';
import type { SuccessSettings } from '../api/classifier.ts';
import { narrowed, type Workspace, widened } from '../api/limits.ts';
import type { TaskId } from '../api/task.ts';
import { DEFAULT_TAKEOVER, DEFAULT_TELEOP_MAP } from '../api/teleop.ts';
import type { LoopSettings } from './loop/loop-types.ts';
import { successFor } from './policy/success-judge.ts';
import type { Answer } from './services.ts';

/** Settings that a person changes. A setting that is `undefined` stays as it is. */
export type ChosenSettings = { readonly [Name in keyof LoopSettings]?: LoopSettings[Name] | undefined } & {
  readonly autoStart?: boolean | undefined;
};

/** `success` is for the task that is chosen; `task` chooses another one. */
export type KeptSettings = Omit<ChosenSettings, 'actingNoiseStd'> & { readonly task?: TaskId | undefined };

export interface SettingsOptions {
  readonly settings?: ChosenSettings | undefined;
  /** Stores the settings that a person has changed, without a task's narrowing. They stay in force when it refuses. */
  readonly keep?: ((change: KeptSettings) => Answer<undefined>) | undefined;
  /** Returns what a person chose to end episodes of a task by. */
  readonly keptSuccess?: ((task: TaskId) => SuccessSettings | undefined) | undefined;
}

export type Settings = ReturnType<typeof createSettings>;

export function createSettings({ info }: RobotCell, options: SettingsOptions, task: TaskId) {
  const { settings: chosen, keep, keptSuccess } = options;
  const inForce: LoopSettings = {
    takeover: chosen?.takeover ?? DEFAULT_TAKEOVER,
    teleop: chosen?.teleop ?? DEFAULT_TELEOP_MAP,
    limits: chosen?.limits ?? info.limits,
    actingNoiseStd: chosen?.actingNoiseStd ?? 0,
    success: successFor(info, task, chosen?.success),
  };
  let chosenLimits = inForce.limits;
  let noiseIsChosen = chosen?.actingNoiseStd !== undefined;
  let autoStart = chosen?.autoStart ?? false;
  return {
    inForce,
    /** True when episodes start by themselves. */
    autoStart: () => autoStart,
    /** Applies the settings that are defined and leaves the others. */
    change: (next: ChosenSettings) => {
      if (next.limits) chosenLimits = widened(next.limits, inForce.limits, chosenLimits);
      if (next.actingNoiseStd !== undefined) noiseIsChosen = true;
      inForce.takeover = next.takeover ?? inForce.takeover;
      inForce.teleop = next.teleop ?? inForce.teleop;
      inForce.limits = next.limits ?? inForce.limits;
      inForce.actingNoiseStd = next.actingNoiseStd ?? inForce.actingNoiseStd;
      inForce.success = next.success ?? inForce.success;
      autoStart = next.autoStart ?? autoStart;
    },
    /** Stores what a person has just changed. Returns the refusal when it is in force but could not be stored. */
    store: ({ takeover, teleop, limits, success, autoStart: start }: ChosenSettings) =>
      keep?.({ takeover, teleop, success, autoStart: start, limits: limits && chosenLimits }),
    /** Takes up the settings of another task. Returns the refusal when the choice could not be stored. */
    taskChosen: (next: TaskId) => {
      inForce.success = successFor(info, next, keptSuccess?.(next));
      return keep?.({ task: next });
    },
    /** Narrows the chosen box to the task's own. */
    narrowTo: (workspace: Workspace) => {
      inForce.limits = narrowed(chosenLimits, workspace);
    },
    /** Adopts the acting noise that a policy brings. Returns false when a person has set one, which stays. */
    adoptActingNoise: (std: number) => {
      if (noiseIsChosen) return false;
      inForce.actingNoiseStd = std;
      return true;
    },
  };
}
