/**
 * A HID bus in memory: tests and the scripted operator plug devices in and push raw reports through the real driver.
 */
import type { HidConnection, HidDevice } from './hid.ts';

export type FakeHid = ReturnType<typeof createFakeHid>;

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

export function createFakeHid(plugged = true) {
  const devices = new Map<string, HidDevice>();
  const connections: FakeConnection[] = [];
  const written: { readonly path: string; readonly bytes: readonly number[] }[] = [];
  const hanging = new Set<string>();
  let failure:
    | { readonly error: Error; readonly at: 'devices' | 'open'; readonly path: string | undefined }
    | undefined;
  const to = (path: string) => connections.filter((one) => one.path === path);
  const broken = () => new Error('could not read from HID device');
  const fake = {
    devices: async (): Promise<readonly HidDevice[]> => {
      if (failure?.at === 'devices') throw failure.error;
      return [...devices.values()];
    },
    open: async (path: string): Promise<HidConnection> => {
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
    /** Plugs in a device. It replaces one with the same path without closing that one's connection. */
    plug: (device: Partial<HidDevice> = {}): void => {
      const whole = { ...FAKE_SPACEMOUSE, ...device };
      devices.set(whole.path, whole);
    },
    /** Breaks the connection, as a pulled cable does. Without a path, breaks all connections. */
    unplug: (path?: string): void => {
      const gone = path === undefined ? [...devices.keys()] : [path];
      for (const one of gone) {
        devices.delete(one);
        for (const connection of to(one)) if (!connection.closed) connection.onLost(broken());
      }
    },
    /** Delivers a report now, over every open connection to the path. */
    push: (bytes: Uint8Array, path = FAKE_SPACEMOUSE.path): void => {
      for (const connection of to(path)) if (!connection.closed) connection.onReport(bytes);
    },
    /** Reports an error on each connection to the path but the newest, as a lost one's write side may do late. */
    breakOldConnections: (path: string): void => {
      for (const connection of to(path).slice(0, -1)) connection.onLost(broken());
    },
    /**
     * Makes enumerating, or opening, fail with this error from now on; `undefined` ends it. With a path, only that path
     * fails to open.
     */
    failWith: (error: Error | undefined, at: 'devices' | 'open' = 'devices', path?: string): void => {
      failure = error && { error, at, path };
    },
    /** Makes opening this path never resolve from now on. */
    hang: (path: string): void => {
      hanging.add(path);
    },
    get written() {
      return written.map(({ bytes }) => bytes);
    },
    writtenTo: (path: string) => written.filter((one) => one.path === path).map(({ bytes }) => bytes),
    /** Returns the paths of the connections that are open now. */
    connected: () => connections.filter(({ closed }) => !closed).map(({ path }) => path),
  };
  if (plugged) fake.plug();
  return fake;
}
