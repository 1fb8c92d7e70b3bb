/** SpaceMouse: the library that reads HID devices, what is plugged in, and whether this user may open it. */
import { type Check, fail, info, ok, warn } from './check.ts';
import type { HidrawDevice, Probes } from './probes.ts';

const CONNEXION = 0x256f;
const LOGITECH = 0x046d;
/** 3Dconnexion products that are mice, keyboards and the like, without six axes. */
const NOT_SIX_AXES = new Set([
  0xc62c, 0xc650, 0xc651, 0xc654, 0xc655, 0xc656, 0xc657, 0xc658, 0xc659, 0xc664, 0xc665, 0xc668,
]);
/** Devices from before 2013 carry Logitech's vendor number. */
const LOGITECH_SIX_AXES = new Set([
  0xc603, 0xc605, 0xc606, 0xc621, 0xc623, 0xc625, 0xc626, 0xc627, 0xc628, 0xc629, 0xc62b, 0xc640,
]);

export const isSpaceMouse = ({ vendorId, productId }: HidrawDevice): boolean =>
  vendorId === CONNEXION ? !NOT_SIX_AXES.has(productId) : vendorId === LOGITECH && LOGITECH_SIX_AXES.has(productId);

/** Lets the person at the desk open the device, and nobody else; `uaccess` is read by rules up to 73. */
export const UDEV_REMEDY = `sudo tee /etc/udev/rules.d/70-takeover-spacemouse.rules <<'RULES'
KERNEL=="hidraw*", SUBSYSTEM=="hidraw", ATTRS{idVendor}=="256f", TAG+="uaccess"
KERNEL=="hidraw*", SUBSYSTEM=="hidraw", ATTRS{idVendor}=="046d", ATTRS{idProduct}=="c6*", TAG+="uaccess"
KERNEL=="hidraw*", SUBSYSTEM=="hidraw", KERNELS=="*:256F:*", TAG+="uaccess"
RULES
sudo udevadm control --reload-rules && sudo udevadm trigger --subsystem-match=hidraw
Then plug the device in again.`;

export async function checkHid({ native, host }: Probes): Promise<Check> {
  const answer = await native('hid');
  if (answer.ok) return ok('hid', `node-hid ${answer.version}`);
  const libusb = /libusb/.test(answer.error);
  const remedy =
    libusb && host.platform === 'linux'
      ? 'sudo apt-get install libusb-1.0-0   (Fedora: sudo dnf install libusb1; Arch: sudo pacman -S libusb)'
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

export function checkSpaceMouse({ hidraw, host }: Probes): Check {
  if (host.platform !== 'linux') return info('spacemouse', 'looked for when the engine starts');
  const found = hidraw().filter(isSpaceMouse);
  const blocked = found.filter((device) => !device.mayOpen);
  if (blocked.length > 0)
    return fail(
      'spacemouse',
      blocked.map((device) => `${named(device)}: this user may not open it`).join('\n'),
      UDEV_REMEDY,
    );
  return found.length > 0
    ? ok('spacemouse', found.map(named).join('\n'))
    : info(
        'spacemouse',
        'none plugged in',
        'A 3Dconnexion SpaceMouse is found as soon as it is plugged in; keyboard, gamepad and the puck on the screen work too.',
      );
}
