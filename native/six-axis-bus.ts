/**
 * The six-axis interfaces on a HID bus. Searches for them repeatedly and opens each one separately, so that a refused
 * or silent interface delays no other. Notices interfaces that are gone. The caller decides which devices count and
 * supplies the error texts.
 */
import type { Clock } from '../main/api/clock.ts';
import type { DeviceHealth } from './device.ts';
import type { HidDevice, HidTransport } from './hid.ts';
import { readInterface, type SixAxisInterface } from './six-axis-interface.ts';

const SEARCH_EVERY_MS = 2500;
/** How long `open` waits for interfaces that do not answer. They are used later, once they do. */
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

export interface SixAxisBus {
  open(): Promise<void>;
  close(): Promise<void>;
  entries(): readonly Entry[];
  /** The open interfaces. */
  ports(): readonly SixAxisInterface[];
  /** Why the bus cannot be searched; `undefined` when it can. */
  trouble(): Blocked | undefined;
}

/** Finds interfaces repeatedly, opens each one separately, and notices those that are gone. */
export function createSixAxisBus(options: {
  readonly transport: HidTransport;
  readonly clock: Clock;
  /** Tells six-axis interfaces from the others. */
  readonly accepts: (device: HidDevice) => boolean;
  readonly refusal: (error: unknown) => Blocked;
  readonly onOpened: (port: SixAxisInterface) => void;
  readonly onReading: (port: SixAxisInterface) => void;
  readonly onGone: (port: SixAxisInterface) => void;
  readonly onChanged: () => void;
}): SixAxisBus {
  const { transport, clock } = options;
  const entries = new Map<string, Entry>();
  let trouble: Blocked | undefined;
  let opened = false;
  let enumerating = false;
  let cancelSearch = () => {};

  const lose = (entry: Entry, port: SixAxisInterface) => {
    entry.state = { kind: 'lost' };
    options.onGone(port);
    options.onChanged();
  };
  /** Never rejects: a failure becomes the entry's state. */
  const attempt = async (entry: Entry) => {
    entry.opening = true;
    try {
      const connection = await transport.open(entry.device.path);
      if (!opened || entries.get(entry.device.path) !== entry) return void connection.close().catch(() => {});
      const port: SixAxisInterface = readInterface({
        connection,
        clock,
        onReading: () => options.onReading(port),
        onLost: () => lose(entry, port),
      });
      entry.state = { kind: 'open', port };
      for (const [path, other] of entries)
        if (other.state.kind === 'lost' && sameProduct(other.device, entry.device)) entries.delete(path);
      options.onOpened(port);
    } catch (error) {
      entry.state = options.refusal(error);
    } finally {
      entry.opening = false;
    }
    options.onChanged();
  };
  /** Drops an interface that is no longer listed, even if its connection did not report it. A lost one stays named. */
  const dropUnlisted = (found: readonly HidDevice[]) => {
    for (const [path, entry] of entries) {
      if (found.some((device) => device.path === path && sameProduct(device, entry.device))) continue;
      if (entry.state.kind === 'lost') continue;
      const { state } = entry;
      if (state.kind !== 'open') entries.delete(path);
      else {
        state.port.end().catch(() => {}); // it is gone
        lose(entry, state.port);
      }
    }
  };
  const search = async () => {
    if (!opened) return;
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
      if (!opened) return;
      trouble = undefined;
      dropUnlisted(found);
      for (const device of found) {
        const known = entries.get(device.path);
        if (known && sameProduct(known.device, device)) continue;
        const name = device.product || 'SpaceMouse';
        entries.set(device.path, { device, name, opening: false, state: { kind: 'new' } });
      }
    } catch (error) {
      trouble = options.refusal(error);
    } finally {
      enumerating = false;
    }
    const closed = found
      .flatMap(({ path }) => entries.get(path) ?? [])
      .filter(({ opening, state }) => !opening && state.kind !== 'open');
    await Promise.all(closed.map(attempt));
    options.onChanged();
  };
  return {
    open: () =>
      new Promise((resolve) => {
        opened = true;
        const cancelLimit = clock.at(clock.nowMs() + OPEN_LIMIT_MS, resolve);
        const done = () => {
          cancelLimit();
          resolve();
        };
        search().then(done, done);
      }),
    close: async () => {
      opened = false;
      cancelSearch();
      const ports = portsOf(entries);
      entries.clear();
      for (const port of ports) options.onGone(port);
      await Promise.all(ports.map((port) => port.end()));
    },
    entries: () => [...entries.values()],
    ports: () => portsOf(entries),
    trouble: () => trouble,
  };
}

const portsOf = (entries: ReadonlyMap<string, Entry>): readonly SixAxisInterface[] =>
  [...entries.values()].flatMap(({ state }) => (state.kind === 'open' ? [state.port] : []));

const sameProduct = (a: HidDevice, b: HidDevice) =>
  a.vendorId === b.vendorId && a.productId === b.productId && (a.serialNumber ?? '') === (b.serialNumber ?? '');
