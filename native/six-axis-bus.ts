/**
 * The six-axis interfaces on a HID bus. The bus is searched repeatedly and each interface is opened separately, so that
 * a refused or silent one delays no other. The caller decides which devices count and supplies the error texts.
 */
import type { Clock } from '../main/api/clock.ts';
import type { DeviceHealth } from './device.ts';
import type { HidDevice, HidTransport } from './hid.ts';
import { readInterface, type SixAxisInterface } from './six-axis-interface.ts';

const SEARCH_EVERY_MS = 2500;
/** Longest time for which `open` waits for interfaces that do not answer. They are used once they answer. */
const OPEN_LIMIT_MS = 2000;

/** One interface on the bus, from the moment it is found. */
export interface Entry {
  readonly device: HidDevice;
  readonly name: string;
  opening: boolean;
  state:
    | { readonly kind: 'new' }
    | { readonly kind: 'open'; readonly port: SixAxisInterface }
    | { readonly kind: 'lost' }
    | Blocked;
}
export type Blocked = Extract<DeviceHealth, { readonly kind: 'blocked' }>;

interface BusOptions {
  readonly transport: HidTransport;
  readonly clock: Clock;
  /** Tells six-axis interfaces from the others. */
  readonly accepts: (device: HidDevice) => boolean;
  readonly refusal: (error: unknown) => Blocked;
  readonly onOpened: (port: SixAxisInterface) => void;
  readonly onReading: (port: SixAxisInterface) => void;
  readonly onGone: (port: SixAxisInterface) => void;
  readonly onChanged: () => void;
}

/** Finds interfaces repeatedly, opens each one separately, and notices those that are gone. */
export function createSixAxisBus(options: BusOptions) {
  const { transport, clock } = options;
  const table = createInterfaceTable(options);
  let trouble: Blocked | undefined;
  let enumerating = false;
  let cancelSearch = () => {};

  const search = async () => {
    if (!table.isOpen()) return;
    cancelSearch = clock.at(clock.nowMs() + SEARCH_EVERY_MS, () => {
      search().catch((error: unknown) => {
        trouble = options.refusal(error);
        options.onChanged();
      });
    });
    if (enumerating) return;
    enumerating = true;
    let found: readonly HidDevice[] = [];
    try {
      found = (await transport.devices()).filter(options.accepts);
      if (!table.isOpen()) return;
      trouble = undefined;
      table.update(found);
    } catch (error) {
      trouble = options.refusal(error);
    } finally {
      enumerating = false;
    }
    await table.connect(found);
    options.onChanged();
  };
  return {
    open: () =>
      new Promise<void>((resolve) => {
        table.open();
        const cancelLimit = clock.at(clock.nowMs() + OPEN_LIMIT_MS, resolve);
        const done = () => {
          cancelLimit();
          resolve();
        };
        search().then(done, done);
      }),
    close: async () => {
      cancelSearch();
      await table.close();
    },
    entries: table.entries,
    /** Returns the open interfaces. */
    ports: table.ports,
    /** Says why the bus cannot be searched; `undefined` when it can. */
    trouble: () => trouble,
  };
}

/** The interfaces that were found, by path, with their connections. */
function createInterfaceTable({ transport, clock, refusal, onOpened, onReading, onGone, onChanged }: BusOptions) {
  const entries = new Map<string, Entry>();
  let open = false;

  const ports = () => [...entries.values()].flatMap(({ state }) => (state.kind === 'open' ? [state.port] : []));
  const lose = (entry: Entry, port: SixAxisInterface) => {
    entry.state = { kind: 'lost' };
    onGone(port);
    onChanged();
  };
  /** Opens an interface. Never rejects: a failure becomes the entry's state. */
  const attempt = async (entry: Entry) => {
    entry.opening = true;
    try {
      const connection = await transport.open(entry.device.path);
      if (!open || entries.get(entry.device.path) !== entry) return void connection.close().catch(() => {});
      const port: SixAxisInterface = readInterface({
        connection,
        clock,
        onReading: () => onReading(port),
        onLost: () => lose(entry, port),
      });
      entry.state = { kind: 'open', port };
      for (const [path, other] of entries)
        if (other.state.kind === 'lost' && sameProduct(other.device, entry.device)) entries.delete(path);
      onOpened(port);
    } catch (error) {
      entry.state = refusal(error);
    } finally {
      entry.opening = false;
    }
    onChanged();
  };
  /** Drops an interface that is no longer listed, even if its connection did not report it. A lost one stays named. */
  const dropUnlisted = (found: readonly HidDevice[]) => {
    for (const [path, entry] of entries) {
      if (found.some((device) => device.path === path && sameProduct(device, entry.device))) continue;
      const { state } = entry;
      if (state.kind === 'lost') continue;
      if (state.kind !== 'open') entries.delete(path);
      else {
        // The device is gone, so an error while closing is expected.
        state.port.end().catch(() => {});
        lose(entry, state.port);
      }
    }
  };
  return {
    isOpen: () => open,
    open: () => {
      open = true;
    },
    /** Forgets interfaces that are not among those found, and adds the new ones. */
    update: (found: readonly HidDevice[]) => {
      dropUnlisted(found);
      for (const device of found) {
        const known = entries.get(device.path);
        if (known && sameProduct(known.device, device)) continue;
        const name = device.product || 'SpaceMouse';
        entries.set(device.path, { device, name, opening: false, state: { kind: 'new' } });
      }
    },
    /** Tries to open those of the found interfaces that are not open. */
    connect: async (found: readonly HidDevice[]) => {
      const closed = found
        .flatMap(({ path }) => entries.get(path) ?? [])
        .filter(({ opening, state }) => !opening && state.kind !== 'open');
      await Promise.all(closed.map(attempt));
    },
    close: async () => {
      open = false;
      const closing = ports();
      entries.clear();
      for (const port of closing) onGone(port);
      await Promise.all(closing.map((port) => port.end()));
    },
    entries: () => [...entries.values()],
    ports,
  };
}

const sameProduct = (a: HidDevice, b: HidDevice) =>
  a.vendorId === b.vendorId && a.productId === b.productId && (a.serialNumber ?? '') === (b.serialNumber ?? '');
