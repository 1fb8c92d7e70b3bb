/**
 * Chooses which of several input devices leads. It is the one rule for the interfaces of a SpaceMouse, for the pucks of an
 * engine and for keys, gamepads and screen of a window. The takeover settings define neutral, with hysteresis:
 *
 * - The source off neutral that moved last leads, until it is back at neutral. A repeated report is no movement.
 * - A source at neutral never leads. One between neutral and `engageDeflection` leads only while no other is off neutral.
 */
import type { Vec6 } from './geometry.ts';
import { deflectionOf, isNeutral, type TakeoverSettings } from './teleop.ts';

export interface Lead<Source> {
  /** Call it for every report of a source. */
  reported(source: Source): void;
  /**
   * Returns the source whose axes count. While all are at neutral, it is the last one that led; `undefined` before the
   * first report.
   */
  leader(): Source | undefined;
  /** Forgets a source that is gone. */
  forget(source: Source): void;
}

/** `axesOf` returns the newest axes of a source, or zero when its newest report is too old. */
export function createLead<Source>(axesOf: (source: Source) => Vec6, takeover: () => TakeoverSettings): Lead<Source> {
  /** Axes of the newest report of each source. The source that moved last is the last entry. */
  const reports = new Map<Source, Vec6>();
  let leader: Source | undefined;
  const offNeutral = (source: Source) => !isNeutral(deflectionOf(axesOf(source)), takeover());
  const current = (): Source | undefined => {
    if (leader === undefined || !offNeutral(leader)) leader = [...reports.keys()].findLast(offNeutral) ?? leader;
    return leader;
  };
  return {
    reported: (source) => {
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
    leader: current,
    forget: (source) => {
      reports.delete(source);
      if (leader === source) leader = undefined;
    },
  };
}
