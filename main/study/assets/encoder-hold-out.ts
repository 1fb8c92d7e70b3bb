/**
 * Measures an encoder file on scenes that it was not trained on: other seeds of the encoder's range, other grasps. Uses
 * the same runtime as the policy process. Errors are lateral, from tip to hole, in the tool frame.
 */
import {
  ENCODER_CAMERAS,
  type EncoderDataSource,
  type EncoderFrame,
  type EncoderMode,
} from '../../../native/sim/encoder-data/encoder-data.ts';
import type { Clock } from '../../api/clock.ts';
import { type EncoderReadout, shownLayout } from '../../learn/encoders/encoder.ts';
import type { EncoderRuntime } from '../../models/encoder-runtime.ts';
import { mean } from '../statistics.ts';
import { labelColumns } from './encoder-spec.ts';
import { quantile, roundTo } from './spread.ts';

type ReadoutPlaces = ReturnType<typeof readoutPlaces>;

/** Returns the positions of the hole and the yaw among the readouts that the embedding shows, and their units. */
export function readoutPlaces(readouts: readonly EncoderReadout[]) {
  const layout = shownLayout(readouts);
  const shownUnit = (label: string) => readouts.find((readout) => readout.label === label)!.shown[0]!.unit;
  return {
    hole: { at: layout.findIndex((name) => name.startsWith('holeFromTip[0]')), unitM: shownUnit('holeFromTip') },
    yaw: { at: layout.findIndex((name) => name.startsWith('yawError[0]')), unitRad: shownUnit('yawError') },
  };
}

interface Reading {
  readonly mode: EncoderMode;
  readonly usual: boolean;
  readonly held: boolean;
  readonly distanceM: number;
  readonly errorM: number;
  /** The hole is more than 0.7 mm away, so that its direction is meaningful. */
  readonly hasDirection: boolean;
  readonly directionRight: boolean;
  readonly yawErrorRad: number;
}

type HoldOutReport = Awaited<ReturnType<typeof evaluateHoldOut>>;

const NEAR_M = 0.01;
const RIM_M = 0.005;
const DIRECTION_M = 0.0007;

/** `summary`: the numbers that the manifest keeps. `modes`: the lateral error by situation. */
export async function evaluateHoldOut(
  encoder: Pick<EncoderRuntime, 'embed'>,
  places: ReadoutPlaces,
  source: EncoderDataSource,
  clock: Clock,
  frames: number,
  firstGroup = 0,
) {
  const readings: Reading[] = [];
  let encodeMs = 0;
  for (let group = firstGroup; readings.length < frames; group++)
    for (const frame of source.group('hold-out', group)) {
      const startMs = clock.nowMs();
      const embedding = await encoder.embed(
        ENCODER_CAMERAS.map(({ name, ...size }, index) => ({ camera: name, ...size, rgb: frame.pictures[index]! })),
      );
      encodeMs += clock.nowMs() - startMs;
      readings.push(judge(frame, embedding, places));
    }
  return { summary: summarise(readings), modes: perMode(readings), msPerEncode: encodeMs / readings.length };
}

function judge(frame: EncoderFrame, embedding: Float32Array, { hole, yaw }: ReadoutPlaces): Reading {
  const columns = labelColumns('holeFromTip');
  const [x, y, z] = columns.map((column) => frame.labels[column]!);
  const seen = columns.map((_, axis) => embedding[hole.at + axis]! * hole.unitM);
  const lateralM = Math.hypot(x!, y!);
  const along = (x! * seen[0]! + y! * seen[1]!) / (lateralM * Math.hypot(seen[0]!, seen[1]!) || 1);
  return {
    mode: frame.mode,
    usual: frame.usual,
    held: frame.known[labelColumns('tipFromTool')[0]!] === 1,
    distanceM: Math.hypot(x!, y!, z!),
    errorM: Math.hypot(seen[0]! - x!, seen[1]! - y!),
    hasDirection: lateralM > DIRECTION_M,
    directionRight: along > Math.SQRT1_2,
    yawErrorRad: Math.abs(embedding[yaw.at]! * yaw.unitRad - frame.labels[labelColumns('yawError')[0]!]!),
  };
}

const AIR: readonly EncoderMode[] = ['near', 'driven-air'];
const CONTACT: readonly EncoderMode[] = ['rim', 'driven-rim', 'driven-beside'];
const IN_HOLE: readonly EncoderMode[] = ['jam', 'inserted', 'driven-hole'];

function summarise(all: readonly Reading[]): Record<string, number> {
  const held = all.filter((reading) => reading.held);
  const near = held.filter(({ mode, distanceM }) => AIR.includes(mode) && distanceM < NEAR_M);
  const rim = held.filter(({ mode, distanceM }) => CONTACT.includes(mode) || (AIR.includes(mode) && distanceM < RIM_M));
  const closeBy = held.filter(
    ({ mode, distanceM }) => (AIR.includes(mode) || CONTACT.includes(mode)) && distanceM < NEAR_M,
  );
  const inCell = closeBy.filter(({ usual }) => usual);
  const inHole = held.filter(({ mode }) => IN_HOLE.includes(mode));
  const between = (low: number, high: number) => held.filter(({ distanceM }) => distanceM >= low && distanceM < high);
  const directed = closeBy.filter(({ hasDirection }) => hasDirection);
  return {
    frames: all.length,
    ...errors('near', near),
    ...errors('rim', rim),
    ...errors('cellLook', inCell),
    ...errors('inHole', inHole),
    ...errors('from10To30Mm', between(0.01, 0.03)),
    ...errors('from30To80Mm', between(0.03, 0.08)),
    fractionBelow1Mm: share(closeBy, ({ errorM }) => errorM < 0.001),
    fractionBelowHalfMm: share(closeBy, ({ errorM }) => errorM < 0.0005),
    directionRight: share(directed, ({ directionRight }) => directionRight),
    yawMeanDeg: round((mean(closeBy.map(({ yawErrorRad }) => yawErrorRad)) * 180) / Math.PI),
  };
}

function errors(name: string, readings: readonly Reading[]): Record<string, number> {
  const { medianMm, p90Mm } = spread(readings);
  return { [`${name}MedianMm`]: medianMm, [`${name}P90Mm`]: p90Mm };
}

function perMode(readings: readonly Reading[]): Record<string, ReturnType<typeof spread>> {
  const held = readings.filter((reading) => reading.held);
  const groups = Map.groupBy(held, ({ mode }) => mode);
  return Object.fromEntries([...groups].map(([mode, group]) => [mode, spread(group)]));
}

/** Returns median and 90th percentile of the lateral error. */
function spread(readings: readonly Reading[]) {
  const errorsM = readings.map(({ errorM }) => errorM);
  const [medianMm, p90Mm] = [round(1000 * quantile(errorsM, 0.5)), round(1000 * quantile(errorsM, 0.9))];
  return { frames: readings.length, medianMm, p90Mm };
}

function share(readings: readonly Reading[], holds: (reading: Reading) => boolean): number {
  return round(readings.filter(holds).length / Math.max(1, readings.length));
}

const round = (value: number) => roundTo(value, 3);

export function printReport({ modes, summary, msPerEncode }: HoldOutReport): void {
  console.log('hold-out, lateral error tip to hole:');
  for (const [mode, { frames, medianMm, p90Mm }] of Object.entries(modes))
    console.log(`  ${mode.padEnd(12)} ${String(frames).padStart(5)} frames  median ${medianMm} mm  90 % ${p90Mm} mm`);
  console.log(JSON.stringify(summary, undefined, 2));
  console.log(`${msPerEncode.toFixed(2)} ms per pair of pictures`);
}
