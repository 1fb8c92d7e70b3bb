/** Reads the tool's position from the poses sent to a window, to check that nothing moves while the arm is held. */
import { z } from 'zod';
import type { Clock } from '../../../main/api/clock.ts';
import type { Rig } from '../../../main/api/window/status.ts';
import { decodeStream } from '../../../main/api/window/streams.ts';

const shapesSchema = z.object({
  bodies: z.array(z.object({ name: z.string() })),
  tool: z.object({ body: z.string() }),
});
const NUMBERS_PER_BODY = 7;

export interface ToolPlace {
  /** Host time at which the position was received. */
  readonly heardMs: number;
  readonly positionM: readonly [number, number, number];
}

export interface ToolMotion {
  onBytes(bytes: Uint8Array): void;
  newest(): ToolPlace | undefined;
  /** Begins to collect positions. The returned function ends this and returns them. */
  collect(): () => readonly ToolPlace[];
}

export function createToolMotion(clock: Clock, rig: () => Rig | undefined): ToolMotion {
  let newest: ToolPlace | undefined;
  const collections = new Set<ToolPlace[]>();
  return {
    onBytes: (bytes) => {
      const message = decodeStream(bytes);
      if (message.kind !== 'poses') return;
      const { payload } = message;
      const index = toolBody(rig(), payload.byteLength / (4 * NUMBERS_PER_BODY));
      if (index === undefined) return;
      const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
      const at = (axis: number) => view.getFloat32(4 * (NUMBERS_PER_BODY * index + axis), true);
      if (at(0) === 0 && at(1) === 0 && at(2) === 0) return; // The cell is not open yet.
      newest = { heardMs: clock.nowMs(), positionM: [at(0), at(1), at(2)] };
      for (const places of collections) places.push(newest);
    },
    newest: () => newest,
    collect: () => {
      const places: ToolPlace[] = [];
      collections.add(places);
      return () => {
        collections.delete(places);
        return places;
      };
    },
  };
}

/** Poses may leave out the world, which comes first among the shapes. */
function toolBody(rig: Rig | undefined, bodiesSent: number): number | undefined {
  const shapes = shapesSchema.safeParse(rig?.shapes);
  if (!shapes.success) return undefined;
  const { bodies, tool } = shapes.data;
  const index = bodies.findIndex(({ name }) => name === tool.body);
  return index < 0 ? undefined : index - Math.max(0, bodies.length - bodiesSent);
}

export interface Motion {
  /** The largest distance between the first place and any later one. */
  readonly farthestMm: number;
  /** The start and end positions, and the time after the first one. */
  readonly words: string;
}

export function motionOf(places: readonly ToolPlace[]): Motion {
  const [first, ...later] = places;
  let farthest = { mm: 0, to: first };
  for (const to of later) {
    const mm = 1000 * Math.hypot(...to.positionM.map((value, axis) => value - (first?.positionM[axis] ?? 0)));
    if (mm > farthest.mm) farthest = { mm, to };
  }
  const { mm, to } = farthest;
  if (!first || !to) return { farthestMm: 0, words: 'no place is known' };
  const inWords = ({ positionM }: ToolPlace) => positionM.map((value) => value.toFixed(3)).join(' ');
  const afterMs = Math.round(to.heardMs - first.heardMs);
  return { farthestMm: mm, words: `${mm.toFixed(1)} mm, (${inWords(first)}) to (${inWords(to)}) in ${afterMs} ms` };
}
