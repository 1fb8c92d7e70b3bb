/**
 * A HID bus in memory: tests and the scripted operator plug devices in and push raw reports through the real driver.
 */
import type { HidDevice, HidTransport } from './hid.ts';

export interface FakeHid extends HidTransport {
  /** Plugs in a device. It replaces one with the same path without closing that one's connection. */
  plug(device?: Partial<HidDevice>): void;
  /** Breaks the connection, as a pulled cable does. Without a path, breaks all connections. */
  unplug(path?: string): void;
  /** Delivers a report now, over every open connection to the path. */
  push(bytes: Uint8Array, path?: string): void;
  /**
   * Reports an error on every connection to the path except the newest, as the write side of a lost
   * connection may do late.
   */
  breakOldConnections(path: string): void;
  /**
   * Makes enumerating, or opening, fail with this error from now on; `undefined` ends it. With a path, only that path
   * fails to open.
   */
  failWith(error: Error | undefined, at?: 'devices' | 'open', path?: string): void;
  /** Makes opening this path never resolve from now on. */
  hang(path: string): void;
  readonly written: readonly (readonly number[])[];
  writtenTo(path: string): readonly (readonly number[])[];
  /** Paths of the connections that are open now. */
  connected(): readonly string[];
}

export const FAKE_SPACEMOUSE: HidDevice = {
  vendorId: 0x256f,
  productId: 0xc635,
  path: 'fake/0',
  product: 'SpaceMouse Compact',
  usagePage: 1,
  usage: 8,
};

interface FakeConnection {
  readonly path: string;
  onReport: (bytes: Uint8Array) => void;
  onLost: (error: Error) => void;
  closed: boolean;
}

export function createFakeHid(plugged = true): FakeHid {
  const devices = new Map<string, HidDevice>();
  const connections: FakeConnection[] = [];
  const written: { readonly path: string; readonly bytes: readonly number[] }[] = [];
  const hanging = new Set<string>();
  let failure:
    | { readonly error: Error; readonly at: 'devices' | 'open'; readonly path: string | undefined }
    | undefined;
  const to = (path: string) => connections.filter((one) => one.path === path);
  const broken = () => new Error('could not read from HID device');
  const fake: FakeHid = {
    devices: async () => {
      if (failure?.at === 'devices') throw failure.error;
      return [...devices.values()];
    },
    open: async (path) => {
      if (failure?.at === 'open' && (failure.path ?? path) === path) throw failure.error;
      if (hanging.has(path)) await new Promise<never>(() => {});
      if (!devices.has(path)) throw new Error(`no device at ${path}`);
      const connection: FakeConnection = { path, onReport: () => {}, onLost: () => {}, closed: false };
      connections.push(connection);
      return {
        onReport: (listener) => {
          connection.onReport = listener;
        },
        onLost: (listener) => {
          connection.onLost = listener;
        },
        write: async (bytes) => {
          written.push({ path, bytes });
        },
        close: async () => {
          connection.closed = true;
        },
      };
    },
    plug: (device = {}) => {
      const whole = { ...FAKE_SPACEMOUSE, ...device };
      devices.set(whole.path, whole);
    },
    unplug: (path) => {
      const gone = path === undefined ? [...devices.keys()] : [path];
      for (const one of gone) {
        devices.delete(one);
        for (const connection of to(one)) if (!connection.closed) connection.onLost(broken());
      }
    },
    push: (bytes, path = FAKE_SPACEMOUSE.path) => {
      for (const connection of to(path)) if (!connection.closed) connection.onReport(bytes);
    },
    breakOldConnections: (path) => {
      for (const connection of to(path).slice(0, -1)) connection.onLost(broken());
    },
    failWith: (error, at = 'devices', path) => {
      failure = error && { error, at, path };
    },
    hang: (path) => {
      hanging.add(path);
    },
    get written() {
      return written.map(({ bytes }) => bytes);
    },
    writtenTo: (path) => written.filter((one) => one.path === path).map(({ bytes }) => bytes),
    connected: () => connections.filter(({ closed }) => !closed).map(({ path }) => path),
  };
  if (plugged) fake.plug();
  return fake;
}
