/** Where the tool's body is, from the poses that a window is sent: for the check that nothing moves while the arm is held. */
import { z } from 'zod';
import type { Clock } from '../../../main/api/clock.ts';
import type { Rig } from '../../../main/api/messages.ts';
import { decodeStream } from '../../../main/api/streams.ts';

const shapesSchema = z.object({
  bodies: z.array(z.object({ name: z.string() })),
  tool: z.object({ body: z.string() }),
});
const NUMBERS_PER_BODY = 7;

export interface ToolPlace {
  /** When it was heard, on the host's clock. */
  readonly heardMs: number;
  readonly positionM: readonly [number, number, number];
}

export interface ToolMotion {
  onBytes(bytes: Uint8Array): void;
  newest(): ToolPlace | undefined;
  /** Begins to collect; the returned function ends it and gives what came. */
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

/** The largest distance between the first place and any later one. */
export function farthestMm(places: readonly ToolPlace[]): number {
  const from = places[0]?.positionM;
  if (!from) return 0;
  return Math.max(
    ...places.map(({ positionM }) => 1000 * Math.hypot(...positionM.map((value, axis) => value - (from[axis] ?? 0)))),
  );
}
