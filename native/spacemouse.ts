/**
 * Driver of the SpaceMouse: six axes over raw HID, through an injected `HidTransport`. It finds interfaces by usage
 * (generic desktop, multi-axis controller) or by id and searches for as long as it is open. It keeps all of them open,
 * because a receiver and a cable are two interfaces of one device, of which only one sends reports. The interface that
 * moves leads (`createLead`). A silent, refused or unusable one hides no other, and `devices` names it with its remedy.
 * Axes are in the device's own frame and never in a robot's: x right, y towards the operator, z down, each in [-1, 1].
 */
import type { Clock } from '../main/api/clock.ts';
import { createLead, type TakeoverSettings } from '../main/api/teleop.ts';
import type { InputDevice } from '../main/api/window/status.ts';
import { createListeners, type DeviceHealth, type Puck, type PuckReading } from './device.ts';
import type { HidDevice, HidTransport } from './hid.ts';
import { type Blocked, createSixAxisBus, type Entry } from './six-axis-bus.ts';
import type { SixAxisInterface } from './six-axis-interface.ts';

export interface SpaceMouse extends Puck {
  /** Returns every interface with its state. When there is none, one line says what is missing. */
  devices(): readonly InputDevice[];
  /** Switches the light rings, which are on while a person drives. */
  setLed(on: boolean): void;
  /** Returns the battery charge of a wireless device, 0 … 100, once it has reported it. */
  batteryPercent(): number | undefined;
}

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
const LOST_REMEDY = 'Plug it in again; it is found by itself.';
const SILENT_REMEDY =
  'Move its cap. Switch a wireless one on; its receiver stays silent while it is used on its cable, and that is no fault.';

/**
 * Tells the six-axis interface from the others of the same receiver: by the multi-axis usage, or by a known id when the
 * system does not report the usage.
 */
export function isSixAxis(device: HidDevice): boolean {
  const known = SIX_AXIS[device.vendorId];
  if (!known || NOT_SIX_AXIS.includes(device.productId)) return false;
  if (device.usagePage && device.usage)
    return device.usagePage === GENERIC_DESKTOP && device.usage === MULTI_AXIS_CONTROLLER;
  return known.includes(device.productId);
}

const NOT_OPENED: Blocked = {
  kind: 'blocked',
  message: 'The system has not opened it yet.',
  remedy: 'If it stays so, unplug it and plug it in again; close other programs that use it.',
};

export interface SpaceMouseOptions {
  readonly transport: HidTransport;
  readonly clock: Clock;
  /** Returns the settings in force, which define neutral. */
  readonly takeover: () => TakeoverSettings;
}

export function createSpaceMouse({ transport, clock, takeover }: SpaceMouseOptions): SpaceMouse {
  const readings = createListeners<PuckReading>();
  const healths = createListeners<DeviceHealth>();
  const lead = createLead<SixAxisInterface>((port) => port.reading().axes, takeover);
  const createdMs = clock.nowMs();
  let ledOn: boolean | undefined;
  let told = '';

  const bus = createSixAxisBus({
    transport,
    clock,
    accepts: isSixAxis,
    refusal,
    onOpened: (port) => {
      if (ledOn !== undefined) port.setLed(ledOn);
    },
    onReading: (port) => {
      lead.reported(port);
      tell();
    },
    onGone: (port) => {
      lead.forget(port);
      tell();
    },
    onChanged: () => tellHealth(),
  });
  const reading = (): PuckReading => {
    const ports = bus.ports();
    const buttons = ports.reduce((bits, port) => (bits | port.reading().buttons) >>> 0, 0);
    const newest = (lead.leader() ?? ports[0])?.reading();
    return newest ? { ...newest, buttons } : { timeMs: createdMs, axes: [0, 0, 0, 0, 0, 0], buttons };
  };
  const health = () => healthOf(bus.entries(), bus.trouble(), lead.leader());
  const tell = () => readings.tell(reading());
  const tellHealth = () => {
    const now = health();
    if (JSON.stringify(now) === told) return;
    told = JSON.stringify(now);
    healths.tell(now);
  };
  return {
    open: async () => {
      await bus.open();
      told = JSON.stringify(health());
    },
    close: bus.close,
    health,
    devices: () => devicesOf(bus.entries(), bus.trouble()),
    reading,
    onReading: readings.add,
    onHealth: healths.add,
    setLed: (on) => {
      ledOn = on;
      for (const port of bus.ports()) port.setLed(on);
    },
    batteryPercent: () =>
      lead.leader()?.batteryPercent() ??
      bus
        .ports()
        .map((port) => port.batteryPercent())
        .find((percent) => percent !== undefined),
  };
}

/** Returns the health of all interfaces together: ready as soon as one is open. */
function healthOf(
  entries: readonly Entry[],
  trouble: Blocked | undefined,
  leader: SixAxisInterface | undefined,
): DeviceHealth {
  const open = entries.filter(({ state }) => state.kind === 'open');
  const ready = open.find(({ state }) => state.kind === 'open' && state.port === leader) ?? open[0];
  if (ready) return { kind: 'ready', name: ready.name };
  if (trouble) return trouble;
  const lost = entries.find(({ state }) => state.kind === 'lost');
  const refused = entries.map(({ state }) => state).find((state) => state.kind === 'blocked');
  if (refused) return refused;
  if (lost) return { kind: 'lost', name: lost.name, remedy: LOST_REMEDY };
  return entries.length > 0 ? NOT_OPENED : { kind: 'absent', remedy: ABSENT_REMEDY };
}

function devicesOf(entries: readonly Entry[], trouble: Blocked | undefined): readonly InputDevice[] {
  const named = entries.map((entry, index): InputDevice => {
    const before = entries.slice(0, index).filter(({ name }) => name === entry.name).length;
    const name = before === 0 ? entry.name : `${entry.name} ${before + 1}`;
    const line = { name, kind: 'spacemouse' } as const;
    const { state } = entry;
    switch (state.kind) {
      case 'open':
        return state.port.hasReported()
          ? { ...line, state: 'ready' }
          : { ...line, state: 'silent', remedy: SILENT_REMEDY };
      case 'lost':
        return { ...line, state: 'lost', remedy: LOST_REMEDY };
      case 'blocked':
        return { ...line, state: 'blocked', message: state.message, remedy: state.remedy };
      case 'new':
        return { ...line, state: 'blocked', message: NOT_OPENED.message, remedy: NOT_OPENED.remedy };
      default:
        return state satisfies never;
    }
  });
  const line = { name: 'SpaceMouse', kind: 'spacemouse' } as const;
  if (trouble) return [...named, { ...line, state: 'blocked', message: trouble.message, remedy: trouble.remedy }];
  return named.length > 0 ? named : [{ ...line, state: 'absent', remedy: ABSENT_REMEDY }];
}

/** Says why an interface, or the bus, cannot be read, and what to do about it. */
function refusal(error: unknown): Blocked {
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
