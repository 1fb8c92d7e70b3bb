/**
 * The only wrapper of node-hid. It is loaded at the first call, so that a missing libusb becomes an error with words.
 */
import type { HIDAsync } from 'node-hid';

export interface HidDevice {
  readonly vendorId: number;
  readonly productId: number;
  readonly path: string;
  readonly product?: string | undefined;
  readonly serialNumber?: string | undefined;
  readonly usagePage?: number | undefined;
  readonly usage?: number | undefined;
}

export interface HidConnection {
  /** Calls the listener with every report; its first byte is the report's id. */
  onReport(listener: (bytes: Uint8Array) => void): void;
  /** Calls the listener when the device is gone or cannot be read any more. */
  onLost(listener: (error: Error) => void): void;
  write(bytes: readonly number[]): Promise<void>;
  close(): Promise<void>;
}

/** Access to HID devices. Rejections carry a `code` ('EACCES', 'NO_LIBRARY') when it is known. */
export interface HidTransport {
  devices(): Promise<readonly HidDevice[]>;
  open(path: string): Promise<HidConnection>;
}

const hidError = (code: string, message: string) => Object.assign(new Error(message), { code });

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error));

async function load() {
  try {
    const hid = await import('node-hid');
    // The hidraw driver leaves the kernel's driver in place and sees Bluetooth devices; libusb does neither.
    if (process.platform === 'linux') hid.setDriverType('hidraw');
    return hid;
  } catch (error) {
    throw hidError('NO_LIBRARY', messageOf(error));
  }
}

export function createHidTransport(): HidTransport {
  return {
    devices: async () => {
      const hid = await load();
      let found: Awaited<ReturnType<typeof hid.devicesAsync>>;
      try {
        found = await hid.devicesAsync();
      } catch (error) {
        // The native part is loaded by the first call, so a missing library shows here.
        throw hidError(/shared object|libusb|prebuild/i.test(messageOf(error)) ? 'NO_LIBRARY' : '', messageOf(error));
      }
      return found.flatMap((device) => (device.path === undefined ? [] : [{ ...device, path: device.path }]));
    },
    open: async (path) => {
      const hid = await load();
      try {
        const device = await hid.HIDAsync.open(path, { nonExclusive: true });
        return connect(device);
      } catch (error) {
        throw hidError(await accessCode(path), `${path}: ${messageOf(error)}`);
      }
    },
  };
}

/**
 * Returns why a path could not be opened: hidapi's message does not tell a missing permission from a missing device.
 */
async function accessCode(path: string): Promise<string> {
  if (!path.startsWith('/dev/')) return '';
  const { access, constants } = await import('node:fs/promises');
  return access(path, constants.R_OK | constants.W_OK).then(
    () => '',
    (error: NodeJS.ErrnoException) => error.code ?? '',
  );
}

function connect(device: HIDAsync): HidConnection {
  return {
    onReport: (listener) => {
      device.on('data', listener);
    },
    onLost: (listener) => {
      device.on('error', listener);
    },
    write: async (bytes) => {
      await device.write([...bytes]);
    },
    close: () => device.close(),
  };
}
