/**
 * Decides which notices are shown: the window's own, which leave after a time or when their topic is over, and those of
 * the engine's state. Pure.
 */
import type { InputDevice, StandingNotice, Status } from '../../main/api/index.ts';

export interface Notice {
  readonly id: number;
  readonly level: 'info' | 'warning' | 'error';
  readonly text: string;
  readonly remedy?: string | undefined;
  /** Subject of the notice. A newer notice of the same topic replaces it, and the topic's end removes it. */
  readonly topic?: string | undefined;
  /** True when the notice stays until its topic is over, however long that takes. */
  readonly lasts?: boolean | undefined;
  /** Number of times that the same text was reported. */
  readonly times: number;
  readonly atMs: number;
}

export interface ShownNotice extends Pick<Notice, 'level' | 'text' | 'remedy' | 'times'> {
  readonly key: string;
  /** Number of the window's own notice; `undefined` for one of the engine's state. */
  readonly id: number | undefined;
}

/** Time that a notice is shown: enough to read it twice. */
const STAYS_MS = { info: 6000, warning: 12_000, error: 20_000 } as const;
/** Maximum number of the window's own notices; older ones are dropped. */
const NOTICES_KEPT = 4;

/** Adds a notice. A repeated text increases its count instead of adding a line. */
export function withNotice(
  notices: readonly Notice[],
  notice: Omit<Notice, 'id' | 'times'>,
  id: number,
): readonly Notice[] {
  const same = notices.find((one) => one.text === notice.text && one.level === notice.level);
  const rest = notices.filter((one) => one !== same && (notice.topic === undefined || one.topic !== notice.topic));
  return [...rest, { ...notice, id: same?.id ?? id, times: (same?.times ?? 0) + 1 }].slice(-NOTICES_KEPT);
}

export function withoutRead(notices: readonly Notice[], nowMs: number): readonly Notice[] {
  const left = notices.filter(({ lasts, level, atMs }) => lasts || nowMs - atMs <= STAYS_MS[level]);
  return left.length === notices.length ? notices : left;
}

/**
 * Returns a notice for each device that was ready and is gone. A device that was never ready is shown in the list of
 * devices.
 */
function lostDevices(devices: readonly InputDevice[]): readonly StandingNotice[] {
  return devices
    .filter(({ state }) => state === 'lost')
    .map(({ name, message, remedy }) => ({
      topic: `device ${name}`,
      level: 'warning',
      text: message ?? `${name} is gone.`,
      ...(remedy === undefined ? {} : { remedy }),
    }));
}

export function standingOf(status: Status | undefined): readonly StandingNotice[] {
  return status ? [...(status.notices ?? []), ...lostDevices(status.inputDevices)] : [];
}

export const keyOf = ({ topic, text }: StandingNotice) => `${topic}: ${text}`;

/** Returns the notices to show. Leaves out a text that a banner already shows. */
export function shownNotices(
  own: readonly Notice[],
  status: Status | undefined,
  dismissed: readonly string[],
): readonly ShownNotice[] {
  const inBanner = (text: string) => text === status?.fault?.what || text === status?.holdReason;
  const standing = standingOf(status)
    .filter((notice) => !dismissed.includes(keyOf(notice)) && !inBanner(notice.text))
    .map(
      ({ level, text, remedy, topic }): ShownNotice => ({ key: topic, id: undefined, level, text, remedy, times: 1 }),
    );
  const others = own
    .filter(({ text }) => !inBanner(text) && !standing.some((one) => one.text === text))
    .map(({ id, level, text, remedy, times }): ShownNotice => ({ key: `own ${id}`, id, level, text, remedy, times }));
  return [...standing, ...others];
}
