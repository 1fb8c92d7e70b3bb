/**
 * Raw HID reports of a 6-axis puck, as the wireless models send them. Report 1 has all six axes in 13 bytes: id, then
 * x y z rx ry rz as int16 little-endian, full scale ±350. Report 3 has a bit per button.
 */
import type { Vec6 } from '../../../main/api/geometry.ts';

const FULL_SCALE = 350;
const AXES_REPORT = 1;
const BUTTONS_REPORT = 3;

export function axesReport(axes: Vec6): Uint8Array {
  const bytes = new Uint8Array(13);
  const view = new DataView(bytes.buffer);
  bytes[0] = AXES_REPORT;
  axes.forEach((axis, index) => {
    view.setInt16(1 + 2 * index, Math.round(FULL_SCALE * Math.max(-1, Math.min(1, axis))), true);
  });
  return bytes;
}

/** Bit i of `buttons` set: button i is down. */
export function buttonsReport(buttons: number): Uint8Array {
  return Uint8Array.of(BUTTONS_REPORT, buttons & 0xff, (buttons >> 8) & 0xff);
}
