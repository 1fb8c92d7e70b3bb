/** A HID bus in memory: tests and the scripted operator plug devices in and push raw reports through the real driver. */
import type { HidDevice, HidTransport } from './hid.ts';

export interface FakeHid extends HidTransport {
  plug(device?: Partial<HidDevice>): void;
  /** The connection breaks, as when the cable is pulled. */
  unplug(): void;
  /** A report arrives now. */
  push(bytes: Uint8Array): void;
  /** From now on enumerating, or opening, fails like this; undefined = works again. */
  failWith(error: Error | undefined, at?: 'devices' | 'open'): void;
  readonly written: readonly (readonly number[])[];
}

export const FAKE_SPACEMOUSE: HidDevice = {
  vendorId: 0x256f,
  productId: 0xc635,
  path: 'fake/0',
  product: 'SpaceMouse Compact',
  usagePage: 1,
  usage: 8,
};

export function createFakeHid(plugged = true): FakeHid {
  const devices: HidDevice[] = plugged ? [FAKE_SPACEMOUSE] : [];
  const written: (readonly number[])[] = [];
  let onReport: (bytes: Uint8Array) => void = () => {};
  let onLost: (error: Error) => void = () => {};
  let failure: { readonly error: Error; readonly at: 'devices' | 'open' } | undefined;
  return {
    devices: async () => {
      if (failure?.at === 'devices') throw failure.error;
      return [...devices];
    },
    open: async (path) => {
      if (failure?.at === 'open') throw failure.error;
      if (!devices.some((device) => device.path === path)) throw new Error(`no device at ${path}`);
      return {
        onReport: (listener) => {
          onReport = listener;
        },
        onLost: (listener) => {
          onLost = listener;
        },
        write: async (bytes) => {
          written.push(bytes);
        },
        close: async () => {
          onReport = () => {};
          onLost = () => {};
        },
      };
    },
    plug: (device = {}) => {
      devices.push({ ...FAKE_SPACEMOUSE, ...device });
    },
    unplug: () => {
      devices.length = 0;
      onLost(new Error('could not read from HID device'));
    },
    push: (bytes) => onReport(bytes),
    failWith: (error, at = 'devices') => {
      failure = error && { error, at };
    },
    written,
  };
}
