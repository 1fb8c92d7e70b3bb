/**
 * Hand control: the map from a puck to the robot, the settings of takeover, neutral, and the choice among several
 * devices. The map turns a puck's axes into a twist in the robot's base frame. It is a signed permutation with gains
 * and a dead zone, the same for rotation and translation: `base[i] = sign * gain * deadZone(puck[source])`.
 */
import { z } from 'zod';
import type { Vec6 } from './geometry.ts';

export const teleopMapSchema = z
  .object({
    /** The puck axis, and below its sign, for each base-frame component (x, y, z, rx, ry, rz). */
    source: z.array(z.int().min(0).max(5)).length(6).readonly(),
    sign: z
      .array(z.union([z.literal(1), z.literal(-1)]))
      .length(6)
      .readonly(),
    translationGain: z.number().min(0).max(1),
    rotationGain: z.number().min(0).max(1),
    /** A deflection below this is zero. The rest is stretched to keep full scale. */
    deadZone: z.number().min(0).max(0.5),
  })
  .readonly();
export type TeleopMap = z.infer<typeof teleopMapSchema>;

/**
 * Raw HID axes (x right, y towards the operator, z down) with the operator behind the robot's base, looking along base
 * +x.
 */
export const DEFAULT_TELEOP_MAP: TeleopMap = {
  source: [1, 0, 2, 4, 3, 5],
  sign: [-1, -1, -1, -1, -1, -1],
  translationGain: 1,
  rotationGain: 1,
  deadZone: 0.04,
};

/** Returns the base-frame twist of a puck deflection. Each axis and each component is in [-1, 1] of full scale. */
export function baseTwistFromPuck(axes: Vec6, map: TeleopMap): Vec6 {
  const component = (index: number) => {
    const raw = axes[map.source[index] ?? 0] ?? 0;
    const magnitude = Math.min(1, Math.max(0, (Math.abs(raw) - map.deadZone) / (1 - map.deadZone)));
    const gain = index < 3 ? map.translationGain : map.rotationGain;
    return (map.sign[index] ?? 1) * gain * Math.sign(raw) * magnitude;
  };
  return [component(0), component(1), component(2), component(3), component(4), component(5)];
}

/** Returns the deflection that gives `twist`, for a scripted operator. Components beyond the gain are clipped. */
export function puckFromBaseTwist(twist: Vec6, map: TeleopMap): Vec6 {
  const axes = [0, 0, 0, 0, 0, 0];
  map.source.forEach((source, index) => {
    const gain = index < 3 ? map.translationGain : map.rotationGain;
    const value = Math.min(1, Math.max(-1, gain > 0 ? (twist[index] ?? 0) / gain : 0)) * (map.sign[index] ?? 1);
    axes[source] = value === 0 ? 0 : Math.sign(value) * (map.deadZone + Math.abs(value) * (1 - map.deadZone));
  });
  return [axes[0]!, axes[1]!, axes[2]!, axes[3]!, axes[4]!, axes[5]!];
}

/**
 * How control is taken: by moving the puck, by holding a button, or by pressing a key once to take and once to release.
 */
const takeoverModeSchema = z.enum(['motion', 'hold', 'toggle']);
export type TakeoverMode = z.infer<typeof takeoverModeSchema>;

export const takeoverSettingsSchema = z
  .object({
    mode: takeoverModeSchema,
    /**
     * Deflection that takes over in motion mode. At this deflection a device also takes the lead from another one that
     * moves.
     */
    engageDeflection: z.number().min(0.02).max(0.9),
    /** A device at or below this deflection is at neutral, in every mode. See `isNeutral`. */
    neutralDeflection: z.number().min(0.01).max(0.9),
    /** Motion mode: time at neutral before the policy drives again. */
    releaseAfterMs: z.number().min(0).max(5000),
    /** Hold mode: the button. */
    holdButton: z.int().min(0).max(31),
  })
  .readonly();
export type TakeoverSettings = z.infer<typeof takeoverSettingsSchema>;

export const DEFAULT_TAKEOVER: TakeoverSettings = {
  mode: 'motion',
  engageDeflection: 0.12,
  neutralDeflection: 0.06,
  releaseAfterMs: 500,
  holdButton: 0,
};

/** Returns the largest axis of a reading, in [0, 1]. */
export function deflectionOf(axes: Vec6): number {
  return Math.max(...axes.map(Math.abs));
}

/**
 * The only definition of neutral, for devices, merging, arbitration and window. Neutral is never above the deflection
 * that takes over.
 */
export function isNeutral(deflection: number, settings: TakeoverSettings): boolean {
  return deflection <= Math.min(settings.neutralDeflection, settings.engageDeflection);
}

/**
 * Chooses which of several input devices leads. The same rule serves the interfaces of a SpaceMouse, the pucks of an
 * engine, and keys, gamepads and screen of a window. The takeover settings define neutral, with hysteresis:
 *
 * - The source off neutral that moved last leads, until it is back at neutral. A repeated report is no movement.
 * - A source at neutral never leads. One between neutral and `engageDeflection` leads only while no other is off
 * neutral.
 *
 * `axesOf` returns the newest axes of a source, or zero when its newest report is too old.
 */
export function createLead<Source>(axesOf: (source: Source) => Vec6, takeover: () => TakeoverSettings) {
  /** Axes of the newest report of each source. The source that moved last is the last entry. */
  const reports = new Map<Source, Vec6>();
  let leader: Source | undefined;
  const offNeutral = (source: Source) => !isNeutral(deflectionOf(axesOf(source)), takeover());
  const current = (): Source | undefined => {
    if (leader === undefined || !offNeutral(leader)) leader = [...reports.keys()].findLast(offNeutral) ?? leader;
    return leader;
  };
  return {
    /** Call it for every report of a source. */
    reported: (source: Source): void => {
      const axes = axesOf(source);
      const before = reports.get(source);
      if (before?.every((value, index) => value === axes[index])) return;
      const led = current();
      reports.delete(source);
      reports.set(source, axes);
      if (led === undefined) leader = source;
      else if (offNeutral(source) && (!offNeutral(led) || deflectionOf(axes) >= takeover().engageDeflection))
        leader = source;
    },
    /**
     * Returns the source whose axes count. While all are at neutral, it is the last one that led; `undefined` before the
     * first report.
     */
    leader: current,
    /** Forgets a source that is gone. */
    forget: (source: Source): void => {
      reports.delete(source);
      if (leader === source) leader = undefined;
    },
  };
}
