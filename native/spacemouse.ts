/**
 * SpaceMouse: six axes over raw HID. Finds the device by usage (generic desktop, multi-axis controller) or by id, decodes
 * reports by their length, keeps the newest only, reads a non-zero deflection that went silent as zero, survives unplugging,
 * and says in words what to do when the system does not let it in. The bytes come through an injected `HidTransport`.
 * Axes are the device's own: x right, y towards the operator, z down, each in [-1, 1]. Never a robot's frame.
 */
import type { Clock } from '../main/api/clock.ts';
import type { Vec6 } from '../main/api/geometry.ts';
import type { DeviceHealth, Puck, PuckReading } from './device.ts';
import type { HidConnection, HidDevice, HidTransport } from './hid.ts';

export interface SpaceMouse extends Puck {
  /** The light ring shows who drives: on while a person does. */
  setLed(on: boolean): void;
  /** 0 … 100, of wireless ones, once they have said it. */
  batteryPercent(): number | undefined;
}

const FULL_SCALE = 350;
const STALE_MS = 100;
const SEARCH_EVERY_MS = 2500;
const GENERIC_DESKTOP = 0x01;
const MULTI_AXIS_CONTROLLER = 0x08;
const LOGITECH = 0x046d;
const CONNEXION = 0x256f;

/** Six-axis devices by vendor. Others of the same vendors (CadMouse, keyboards, numpads) are no pucks. */
const SIX_AXIS: Readonly<Record<number, readonly number[]>> = {
  [LOGITECH]: [0xc603, 0xc605, 0xc606, 0xc621, 0xc623, 0xc625, 0xc626, 0xc627, 0xc628, 0xc629, 0xc62b, 0xc640],
  [CONNEXION]: [0xc62e, 0xc62f, 0xc631, 0xc632, 0xc633, 0xc635, 0xc636, 0xc638, 0xc63a, 0xc641, 0xc652, 0xc65a, 0xc65c],
};
const NOT_SIX_AXIS: readonly number[] = [
  0xc62c, 0xc650, 0xc651, 0xc654, 0xc655, 0xc656, 0xc657, 0xc658, 0xc659, 0xc664, 0xc665, 0xc668,
];

export const UDEV_REMEDY =
  'Allow access once, then unplug and plug in again: ' +
  `printf '%s\\n' 'KERNEL=="hidraw*", SUBSYSTEM=="hidraw", ATTRS{idVendor}=="256f", TAG+="uaccess"' ` +
  `'KERNEL=="hidraw*", SUBSYSTEM=="hidraw", ATTRS{idVendor}=="046d", ATTRS{idProduct}=="c6*", TAG+="uaccess"' ` +
  `'KERNEL=="hidraw*", SUBSYSTEM=="hidraw", KERNELS=="*:256F:*", TAG+="uaccess"' ` +
  '| sudo tee /etc/udev/rules.d/70-spacemouse.rules && sudo udevadm control --reload-rules && sudo udevadm trigger';
export const LIBRARY_REMEDY = 'Install the library, then start again: sudo apt install libusb-1.0-0';
const ABSENT_REMEDY =
  'Plug in a SpaceMouse; it is found by itself. A gamepad, the keyboard and the puck on the screen work too.';

/** A receiver shows several interfaces: the one with the multi-axis usage, else a known id whose usage the system does not tell. */
export function isSixAxis(device: HidDevice): boolean {
  const known = SIX_AXIS[device.vendorId];
  if (!known || NOT_SIX_AXIS.includes(device.productId)) return false;
  if (device.usagePage && device.usage)
    return device.usagePage === GENERIC_DESKTOP && device.usage === MULTI_AXIS_CONTROLLER;
  return known.includes(device.productId);
}

export type Report =
  | { readonly kind: 'translation'; readonly axes: readonly [number, number, number] }
  | { readonly kind: 'rotation'; readonly axes: readonly [number, number, number] }
  | { readonly kind: 'combined'; readonly axes: Vec6 }
  | { readonly kind: 'buttons'; readonly buttons: number }
  | { readonly kind: 'battery'; readonly percent: number };

/** By length, not by model: the same model differs between cable, receiver and Bluetooth. Unknown reports give undefined. */
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

const REST: Vec6 = [0, 0, 0, 0, 0, 0];

export function createSpaceMouse(options: { readonly transport: HidTransport; readonly clock: Clock }): SpaceMouse {
  const { transport, clock } = options;
  const readingListeners = new Set<(reading: PuckReading) => void>();
  const healthListeners = new Set<(health: DeviceHealth) => void>();
  let health: DeviceHealth = { kind: 'absent', remedy: ABSENT_REMEDY };
  let connection: HidConnection | undefined;
  let axes: Vec6 = REST;
  let axesMs = clock.nowMs();
  let buttons = 0;
  let battery: number | undefined;
  let lost: string | undefined;
  let opened = false;
  let cancelSearch = () => {};

  const setHealth = (next: DeviceHealth) => {
    if (JSON.stringify(next) === JSON.stringify(health)) return;
    health = next;
    for (const listener of healthListeners) listener(next);
  };
  const reading = (): PuckReading => {
    const stale = clock.nowMs() - axesMs > STALE_MS;
    return { timeMs: axesMs, axes: stale ? REST : axes, buttons };
  };
  const tell = () => {
    const now = reading();
    for (const listener of readingListeners) listener(now);
  };
  const onReport = (bytes: Uint8Array) => {
    const report = decodeReport(bytes);
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
        return tell();
      case 'battery':
        battery = report.percent;
        return;
      default:
        return report satisfies never;
    }
    axesMs = clock.nowMs();
    tell();
  };
  const onLost = (name: string) => {
    connection = undefined;
    axes = REST;
    buttons = 0;
    lost = name;
    setHealth({ kind: 'lost', name, remedy: 'Plug it in again; it is found by itself.' });
    tell();
    searchLater();
  };
  const searchLater = () => {
    cancelSearch();
    if (opened)
      cancelSearch = clock.at(clock.nowMs() + SEARCH_EVERY_MS, () => {
        search().catch((error: unknown) => setHealth(blocked(error)));
      });
  };
  const search = async () => {
    if (!opened || connection) return;
    try {
      const device = (await transport.devices()).find(isSixAxis);
      if (device) {
        const next = await transport.open(device.path);
        if (!opened) return await next.close();
        connection = next;
        const name = device.product ?? 'SpaceMouse';
        next.onReport(onReport);
        next.onLost(() => onLost(name));
        lost = undefined;
        return setHealth({ kind: 'ready', name });
      }
      setHealth(
        lost === undefined
          ? { kind: 'absent', remedy: ABSENT_REMEDY }
          : { kind: 'lost', name: lost, remedy: 'Plug it in again; it is found by itself.' },
      );
    } catch (error) {
      setHealth(blocked(error));
    }
    searchLater();
  };
  return {
    open: async () => {
      opened = true;
      await search();
    },
    close: async () => {
      opened = false;
      cancelSearch();
      const closing = connection;
      connection = undefined;
      axes = REST;
      await closing?.close();
    },
    health: () => health,
    reading,
    onReading: (listener) => {
      readingListeners.add(listener);
      return () => readingListeners.delete(listener);
    },
    onHealth: (listener) => {
      healthListeners.add(listener);
      return () => healthListeners.delete(listener);
    },
    setLed: (on) => {
      // A light that does not obey is no fault of the operator's input.
      connection?.write([0x04, on ? 0x01 : 0x00]).catch(() => {});
    },
    batteryPercent: () => battery,
  };
}

function blocked(error: unknown): DeviceHealth {
  const message = error instanceof Error ? error.message : String(error);
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (code === 'NO_LIBRARY' || /libusb|cannot open shared object/i.test(message))
    return { kind: 'blocked', message: `The HID library cannot be loaded: ${message}`, remedy: LIBRARY_REMEDY };
  if (code === 'EACCES' || code === 'EPERM' || /permission|EACCES|cannot open device|access denied/i.test(message))
    return {
      kind: 'blocked',
      message: `The system does not let this program read the device: ${message}`,
      remedy: UDEV_REMEDY,
    };
  return {
    kind: 'blocked',
    message: `The device cannot be read: ${message}`,
    remedy: 'Unplug it and plug it in again; close other programs that use it.',
  };
}
