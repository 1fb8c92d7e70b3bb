/**
 * Measures what an encoder sees along episodes of the tasks, driven by the scripted hand from starts that training never had, in
 * the usual look and under other conditions: where the object is from the tool and on the table, its yaw, where the hole is from
 * the tip, whether the object is held. A hand that is mistaken about the hole brings the tip onto the socket beside it. Uses the
 * runtime of the policy process.
 */

import { CONDITIONS, type Conditions } from '../../../native/sim/conditions.ts';
import {
  ENCODER_CAMERAS,
  type EncoderDataSource,
  type EncoderLabelName,
  type EncoderMode,
  type MeasuredFrame,
} from '../../../native/sim/encoder-data/encoder-data.ts';
import type { TaskId } from '../../api/task.ts';
import type { EncoderReadout } from '../../learn/encoders/encoder.ts';
import type { EncoderRuntime } from '../../models/encoder-runtime.ts';
import { labelColumns } from './encoder-spec.ts';
import { quantile, roundTo } from './spread.ts';

/** Errors in one phase of a task under some conditions. Millimetres and degrees; `undefined` where nothing is to be read. */
export interface PhaseErrors {
  readonly task: TaskId;
  readonly conditions: Conditions;
  readonly phase: EncoderMode;
  readonly frames: number;
  /** Error across the tool's axis, from tool to object: median and 90 %. */
  readonly objectMm: number | undefined;
  readonly objectP90Mm: number | undefined;
  /** Error along the tool's axis. */
  readonly heightMm: number | undefined;
  readonly yawDeg: number | undefined;
  /** Error of the object's place on the table. */
  readonly placeMm: number | undefined;
  /** Error across, from tip to hole: median and 90 %. */
  readonly holeMm: number | undefined;
  readonly holeP90Mm: number | undefined;
  /** Share of frames in which `held` is told right. */
  readonly heldRight: number | undefined;
}

/** Value of a label in an embedding: of each number the finest scale that is not clipped. */
export function readLabel(readouts: readonly EncoderReadout[], embedding: ArrayLike<number>, label: EncoderLabelName) {
  let at = 0;
  for (const readout of readouts) {
    const size = readout.columns.length;
    if (readout.label === label && readout.shown.length > 0) {
      const scales = readout.shown.map((shown, scale) => ({ ...shown, first: at + scale * size }));
      const byFineness = scales.sort((a, b) => a.unit - b.unit);
      return readout.columns.map((_, index) => {
        const inside = byFineness.find(({ first, clip }) => Math.abs(embedding[first + index]!) < CLIPPED * clip);
        const { first, unit } = inside ?? byFineness.at(-1)!;
        return unit * embedding[first + index]!;
      });
    }
    at += size * readout.shown.length;
  }
  return undefined;
}

const CLIPPED = 0.97;
const TASKS_MEASURED: readonly TaskId[] = ['insert', 'lift', 'pick-insert'];

interface FrameErrors {
  readonly key: string;
  readonly acrossM: number | undefined;
  readonly heightM: number | undefined;
  readonly yawRad: number | undefined;
  readonly placeM: number | undefined;
  readonly holeM: number | undefined;
  readonly heldRight: boolean | undefined;
}

/** Measures `episodes` episodes of each task. */
export async function measureEpisodes(
  encoder: Pick<EncoderRuntime, 'embed'>,
  readouts: readonly EncoderReadout[],
  source: Pick<EncoderDataSource, 'measuredEpisode'>,
  episodes: number,
): Promise<PhaseErrors[]> {
  const rows: PhaseErrors[] = [];
  for (const task of TASKS_MEASURED) {
    const all: FrameErrors[] = [];
    for (let index = 0; index < episodes; index++)
      for (const frame of measuredFrames(source, task, FIRST_EPISODE + index))
        for (const conditions of CONDITIONS) {
          const rgb = frame.pictures[conditions]!;
          const embedding = await encoder.embed(
            ENCODER_CAMERAS.map(({ name, ...size }, camera) => ({ camera: name, ...size, rgb: rgb[camera]! })),
          );
          all.push({ key: `${conditions}/${frame.mode}`, ...errorsOf(frame, readouts, embedding) });
        }
    for (const conditions of CONDITIONS)
      for (const phase of PHASES) {
        const frames = all.filter(({ key }) => key === `${conditions}/${phase}`);
        if (frames.length >= FEWEST_FRAMES) rows.push({ task, conditions, phase, ...summarised(frames) });
      }
  }
  return rows;
}

/** Frames of a careful hand, and those beside the hole of a mistaken one. */
function measuredFrames(source: Pick<EncoderDataSource, 'measuredEpisode'>, task: TaskId, index: number) {
  const frames = source.measuredEpisode(task, index, CONDITIONS, 'careful');
  if (task === 'lift') return frames;
  const mistaken = source.measuredEpisode(task, index, CONDITIONS, 'mistaken');
  const isBeside = ({ mode }: MeasuredFrame) => mode === 'driven-beside';
  return [...frames.filter((frame) => !isBeside(frame)), ...mistaken.filter(isBeside)];
}

/** Groups of the hold-out range from here on are measured as episodes; those of the other measurement come before. */
const FIRST_EPISODE = 200_000;
const FEWEST_FRAMES = 5;
const PHASES: readonly EncoderMode[] = [
  'above',
  'around',
  'grasp',
  'lifted',
  'driven-far',
  'driven-air',
  'driven-rim',
  'driven-beside',
  'driven-hole',
];

function errorsOf(frame: MeasuredFrame, readouts: readonly EncoderReadout[], embedding: Float32Array) {
  const difference = (label: EncoderLabelName): number[] | undefined => {
    const columns = labelColumns(label);
    const seen = readLabel(readouts, embedding, label);
    if (!seen || columns.some((column) => frame.known[column] === 0)) return undefined;
    return seen.map((value, index) => value - frame.labels[columns[index]!]!);
  };
  const across = (error: readonly number[] | undefined) => error && Math.hypot(error[0]!, error[1]!);
  const object = difference('objectFromTool');
  const yaw = difference('objectYaw');
  const held = difference('held');
  return {
    acrossM: across(object),
    heightM: object && Math.abs(object[2]!),
    yawRad: yaw && Math.abs(yaw[0]!),
    placeM: across(difference('objectPlace')),
    holeM: across(difference('holeFromTip')),
    heldRight: held && Math.abs(held[0]!) < 0.5,
  };
}

function summarised(frames: readonly FrameErrors[]) {
  const at = (share: number, scale: number, pick: (frame: FrameErrors) => number | undefined) => {
    const values = frames.map(pick).filter((value) => value !== undefined);
    return values.length === 0 ? undefined : roundTo(scale * quantile(values, share), 2);
  };
  const told = frames.map(({ heldRight }) => heldRight).filter((right) => right !== undefined);
  return {
    frames: frames.length,
    objectMm: at(0.5, 1000, ({ acrossM }) => acrossM),
    objectP90Mm: at(0.9, 1000, ({ acrossM }) => acrossM),
    heightMm: at(0.5, 1000, ({ heightM }) => heightM),
    yawDeg: at(0.5, 180 / Math.PI, ({ yawRad }) => yawRad),
    placeMm: at(0.5, 1000, ({ placeM }) => placeM),
    holeMm: at(0.5, 1000, ({ holeM }) => holeM),
    holeP90Mm: at(0.9, 1000, ({ holeM }) => holeM),
    heldRight: told.length === 0 ? undefined : roundTo(told.filter(Boolean).length / told.length, 3),
  };
}

/** The rows as a table in Markdown. */
export function episodeTable(rows: readonly PhaseErrors[]): string {
  const cell = (value: number | undefined) => (value === undefined ? '–' : String(value));
  const lines = rows.map((row) =>
    [
      ...[row.task, row.conditions, row.phase, row.frames].map(String),
      `${cell(row.objectMm)} (${cell(row.objectP90Mm)})`,
      ...[row.heightMm, row.yawDeg, row.placeMm].map(cell),
      `${cell(row.holeMm)} (${cell(row.holeP90Mm)})`,
      cell(row.heldRight),
    ].join(' | '),
  );
  return [
    '| task | look | phase | frames | object across, mm (90 %) | height, mm | yaw, ° | place, mm | hole across, mm (90 %) | held right |',
    '| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |',
    ...lines.map((line) => `| ${line} |`),
  ].join('\n');
}

/** The numbers of the manifest: `<task> <look> <phase> objectMm` and so on, for the phases that decide. */
export function episodeSummary(rows: readonly PhaseErrors[]): Record<string, number> {
  const deciding: Readonly<Record<TaskId, readonly EncoderMode[]>> = {
    insert: ['driven-air', 'driven-rim', 'driven-beside'],
    lift: ['above', 'around', 'grasp'],
    'pick-insert': ['above', 'around', 'grasp', 'driven-air', 'driven-rim', 'driven-beside'],
  };
  return Object.fromEntries(
    rows
      .filter(({ task, phase }) => deciding[task].includes(phase))
      .flatMap((row) => {
        const inserting = row.phase.startsWith('driven');
        const kept = inserting ? (['holeMm', 'holeP90Mm'] as const) : (['objectMm', 'objectP90Mm', 'yawDeg'] as const);
        return kept.flatMap((name): [string, number][] => {
          const value = row[name];
          return value === undefined ? [] : [[`${row.task} ${row.conditions} ${row.phase} ${name}`, value]];
        });
      }),
  );
}
