/**
 * Checks for the SpaceMouse: the library that reads HID devices, the devices that are plugged in, and whether this user
 * may open them.
 */
import { isSixAxis, LIBRARY_REMEDY, UDEV_REMEDY } from '../../../native/spacemouse.ts';
import { type Check, fail, info, ok, warn } from './check.ts';
import type { HidrawDevice, Probes } from './probes.ts';

/** Decides by id alone, because the kernel's list does not hold the usage. */
const isSpaceMouse = (device: HidrawDevice): boolean => isSixAxis({ ...device, path: device.node });

export async function checkHid({ native, host }: Probes): Promise<Check> {
  const answer = await native('hid');
  if (answer.ok) return ok('hid', `node-hid ${answer.version}`);
  const remedy =
    /libusb/.test(answer.error) && host.platform === 'linux'
      ? `${LIBRARY_REMEDY} (Fedora: libusb1; Arch: libusb).`
      : 'Install the dependencies again: npm ci.';
  return warn(
    'hid',
    answer.error.split('\n')[0] ?? answer.error,
    `${remedy}\nUntil then: keyboard, gamepad and the puck on the screen.`,
  );
}

const hex = (value: number): string => value.toString(16).padStart(4, '0');
const named = (device: HidrawDevice): string =>
  `${device.name} (${hex(device.vendorId)}:${hex(device.productId)}, ${device.node})`;

/** Names every interface. All of them are opened, so that a refused one does not hide the others. */
export function checkSpaceMouse({ hidraw, host }: Probes): Check {
  if (host.platform !== 'linux') return info('spacemouse', 'looked for when the engine starts');
  const found = hidraw().filter(isSpaceMouse);
  if (found.length === 0)
    return info(
      'spacemouse',
      'none plugged in',
      'A 3Dconnexion SpaceMouse is found as soon as it is plugged in; keyboard, gamepad and the puck on the screen work too.',
    );
  const lines = found.map((device) => (device.mayOpen ? named(device) : `${named(device)}: this user may not open it`));
  const refused = found.filter(({ mayOpen }) => !mayOpen).length;
  if (refused === 0) return ok('spacemouse', lines.join('\n'));
  return (refused === found.length ? fail : warn)('spacemouse', lines.join('\n'), UDEV_REMEDY);
}
