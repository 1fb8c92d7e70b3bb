/**
 * One open six-axis HID interface. Decodes its reports by their length and keeps only the newest. Reads a non-zero
 * deflection that went silent as zero. Reports its end once and closes the connection. Does not depend on other
 * interfaces.
 */
import type { Clock } from '../main/api/clock.ts';
import type { Vec6 } from '../main/api/geometry.ts';
import type { PuckReading } from './device.ts';
import type { HidConnection } from './hid.ts';

export type Report =
  | { readonly kind: 'translation'; readonly axes: readonly [number, number, number] }
  | { readonly kind: 'rotation'; readonly axes: readonly [number, number, number] }
  | { readonly kind: 'combined'; readonly axes: Vec6 }
  | { readonly kind: 'buttons'; readonly buttons: number }
  | { readonly kind: 'battery'; readonly percent: number };

const FULL_SCALE = 350;
const STALE_MS = 100;
const REST: Vec6 = [0, 0, 0, 0, 0, 0];

/**
 * Decodes a report by its length and not by the model: the same model differs between cable, receiver and Bluetooth.
 * Returns `undefined` for an unknown report.
 */
export function decodeReport(bytes: Uint8Array): Report | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const axis = (index: number) => Math.max(-1, Math.min(1, view.getInt16(1 + 2 * index, true) / FULL_SCALE));
  const id = bytes[0];
  if (id === 1 && bytes.length >= 13)
    return { kind: 'combined', axes: [axis(0), axis(1), axis(2), axis(3), axis(4), axis(5)] };
  if (id === 1 && bytes.length >= 7) return { kind: 'translation', axes: [axis(0), axis(1), axis(2)] };
  if (id === 2 && bytes.length >= 7) return { kind: 'rotation', axes: [axis(0), axis(1), axis(2)] };
  if (id === 3 && bytes.length >= 2) {
    let buttons = 0;
    for (let index = 1; index < Math.min(bytes.length, 5); index++) buttons |= (bytes[index] ?? 0) << (8 * (index - 1));
    return { kind: 'buttons', buttons: buttons >>> 0 };
  }
  if (id === 0x17 && bytes.length >= 2) return { kind: 'battery', percent: bytes[1] ?? 0 };
  return undefined;
}

export type SixAxisInterface = ReturnType<typeof readInterface>;

export function readInterface(options: {
  readonly connection: HidConnection;
  readonly clock: Clock;
  /** Called for every report of axes or buttons. */
  readonly onReading: () => void;
  /** Called at most once, when the connection breaks by itself. */
  readonly onLost: () => void;
}) {
  const { connection, clock } = options;
  let axes: Vec6 = REST;
  let axesMs = clock.nowMs();
  let buttons = 0;
  let battery: number | undefined;
  let reported = false;
  let ended = false;

  /** Closes the connection; later reports are ignored. */
  const end = async () => {
    if (ended) return;
    ended = true;
    axes = REST;
    buttons = 0;
    await connection.close();
  };
  connection.onReport((bytes) => {
    const report = ended ? undefined : decodeReport(bytes);
    if (!report) return;
    switch (report.kind) {
      case 'combined':
        axes = report.axes;
        break;
      case 'translation':
        axes = [...report.axes, axes[3], axes[4], axes[5]];
        break;
      case 'rotation':
        axes = [axes[0], axes[1], axes[2], ...report.axes];
        break;
      case 'buttons':
        buttons = report.buttons;
        break;
      case 'battery':
        battery = report.percent;
        return;
      default:
        return report satisfies never;
    }
    if (report.kind !== 'buttons') axesMs = clock.nowMs();
    reported = true;
    options.onReading();
  });
  connection.onLost(() => {
    if (ended) return;
    // The device is gone. Its handle is closed, and an error while closing is expected.
    end().catch(() => {});
    options.onLost();
  });
  return {
    reading: (): PuckReading => ({ timeMs: axesMs, axes: clock.nowMs() - axesMs > STALE_MS ? REST : axes, buttons }),
    /** Returns true when the interface has reported axes or buttons since it was opened. */
    hasReported: () => reported,
    /** Returns the battery charge of a wireless device, 0 … 100, once it has reported it. */
    batteryPercent: () => battery,
    setLed: (on: boolean): void => {
      // A failed light is not a fault of the operator's input.
      connection.write([0x04, on ? 0x01 : 0x00]).catch(() => {});
    },
    end,
  };
}
