/**
 * The features of a LeRobotDataset v3.0, with their order, types and names, and the rows of an episode.
 * `observation.state` is the robot's raw state with units in its names. The policy's scaled input is beside it.
 */
import { ACTION_NAMES, ACTION_SIZE } from '../../main/api/action.ts';
import type { EpisodeSummary } from '../../main/api/episode.ts';
import type { CameraFrame, TactileFrame } from '../../main/api/observation.ts';
import { PROPRIOCEPTION_FIELDS, PROPRIOCEPTION_SIZE } from '../../main/api/observation.ts';
import type { StoredObservation, StoredTransition } from '../reading/queries.ts';
import { StoreError } from '../store-error.ts';
import type { Cell, ColumnSpec, Row } from './parquet.ts';

export interface NumberFeature {
  readonly key: string;
  readonly dtype: 'float32' | 'int64' | 'bool';
  readonly size: number;
  readonly names: readonly string[] | undefined;
}

export interface VideoFeature {
  readonly key: string;
  readonly camera: string;
  readonly widthPx: number;
  readonly heightPx: number;
}

export interface Layout {
  readonly fps: number;
  readonly numbers: readonly NumberFeature[];
  readonly videos: readonly VideoFeature[];
  readonly jointCount: number;
  readonly pads: readonly { readonly pad: string; readonly size: number }[];
}

const STATE_NAMES = [
  ...['x_m', 'y_m', 'z_m', 'qx', 'qy', 'qz', 'qw'].map((name) => `tool_${name}`),
  ...['vx_m_s', 'vy_m_s', 'vz_m_s', 'wx_rad_s', 'wy_rad_s', 'wz_rad_s'].map((name) => `tool_${name}`),
  ...['fx_n', 'fy_n', 'fz_n', 'tx_nm', 'ty_nm', 'tz_nm'].map((name) => `tool_${name}`),
  'gripper_opening_m',
];

/** LeRobot's five default features. They come last and have no names. */
const INDEX_FEATURES: readonly NumberFeature[] = [
  unnamed('timestamp', 'float32'),
  ...['frame_index', 'episode_index', 'index', 'task_index'].map((key) => unnamed(key, 'int64')),
];

function unnamed(key: string, dtype: NumberFeature['dtype'], size = 1): NumberFeature {
  return { key, dtype, size, names: undefined };
}

function named(key: string, names: readonly string[]): NumberFeature {
  return { key, dtype: 'float32', size: names.length, names };
}

/**
 * Derives the layout from the first instant of the first episode. The survey has checked that all other episodes are
 * alike.
 */
export function layoutOf(
  fps: number,
  first: StoredObservation,
  frames: readonly CameraFrame[],
  tactile: readonly TactileFrame[],
): Layout {
  const jointCount = first.jointPositionsRad.length;
  const state = [...STATE_NAMES, ...first.jointPositionsRad.map((_, index) => `joint_${index + 1}_rad`)];
  const scaled = PROPRIOCEPTION_FIELDS.flatMap(({ name, size }) =>
    Array.from({ length: size }, (_, index) => (size === 1 ? name : `${name}_${index}`)),
  );
  const pads = tactile.map(({ pad, forceN }) => ({ pad, size: forceN.length }));
  return {
    fps,
    jointCount,
    pads,
    videos: frames.map(({ rgb: _, ...frame }) => ({ key: `observation.images.${frame.camera}`, ...frame })),
    numbers: [
      named('observation.state', state),
      named('observation.proprioception', scaled),
      ...pads.map(({ pad, size }) => unnamed(`observation.tactile.${pad}`, 'float32', size)),
      named('action', ACTION_NAMES),
      unnamed('next.reward', 'float32'),
      unnamed('next.done', 'bool'),
      unnamed('next.truncated', 'bool'),
      unnamed('next.success', 'bool'),
      unnamed('intervention', 'bool'),
      named('complementary_info.is_intervention', ['is_intervention']),
      ...INDEX_FEATURES,
    ],
  };
}

const PARQUET_TYPES = { float32: 'FLOAT', int64: 'INT64', bool: 'BOOLEAN' } as const;

export function dataColumns(layout: Layout): ColumnSpec[] {
  return layout.numbers.map(({ key, dtype, size }) => ({
    name: key,
    type: PARQUET_TYPES[dtype],
    depth: size === 1 ? 0 : 1,
  }));
}

export interface EpisodePlace {
  readonly episodeIndex: number;
  readonly firstIndex: number;
  readonly taskIndex: number;
}

export interface EpisodeContent {
  readonly summary: EpisodeSummary;
  readonly observations: readonly StoredObservation[];
  readonly transitions: readonly StoredTransition[];
  /** The pads of each step's observation. */
  readonly tactile: readonly (readonly TactileFrame[])[];
}

/** Returns [T] lists with the numbers of each feature, in the order of `layout.numbers`. */
export function episodeValues(layout: Layout, content: EpisodeContent, place: EpisodePlace): ArrayLike<number>[][] {
  const success = content.summary.outcome === 'success';
  const last = content.transitions.length - 1;
  return content.transitions.map((step, index): ArrayLike<number>[] => {
    const seen = content.observations[index];
    const pads = content.tactile[index] ?? [];
    const where = `step ${index} of episode ${content.summary.id}`;
    if (!seen || seen.jointPositionsRad.length !== layout.jointCount) throw unlike(where, 'another number of joints');
    if (seen.proprioception.length !== PROPRIOCEPTION_SIZE) throw unlike(where, 'another proprioception');
    if (step.action.length !== ACTION_SIZE) throw unlike(where, 'another action');
    // An intervention is a person's action in a policy's episode. A demonstration has none, because all of it is hers.
    const intervention = step.actor !== 'policy' && content.summary.mode === 'run' ? 1 : 0;
    return [
      stateOf(seen),
      seen.proprioception,
      ...layout.pads.map(({ pad, size }) => {
        const reading = pads.find((candidate) => candidate.pad === pad);
        if (reading?.forceN.length !== size) throw unlike(where, `no pad ${pad} of ${size} numbers`);
        return reading.forceN;
      }),
      step.action,
      [step.reward],
      [step.terminated || step.truncated || index === last ? 1 : 0],
      [step.truncated ? 1 : 0],
      [success && index === last ? 1 : 0],
      [intervention],
      [intervention],
      [Math.fround(index / layout.fps)],
      [index],
      [place.episodeIndex],
      [place.firstIndex + index],
      [place.taskIndex],
    ];
  });
}

/** Remedy when an episode still differs after the survey: choose the other episodes. */
export const LEAVE_OUT = 'Choose the other episodes by number in the Data tab, or with --episodes on the command line.';

function unlike(where: string, what: string): StoreError {
  return new StoreError('export', `At ${where} there is ${what} than at the beginning of the dataset.`, LEAVE_OUT);
}

function stateOf(seen: StoredObservation): readonly number[] {
  return [
    ...seen.baseFromTool.positionM,
    ...seen.baseFromTool.orientation,
    ...seen.twistInTool,
    ...seen.wrenchInTool,
    seen.gripperOpeningM,
    ...seen.jointPositionsRad,
  ];
}

export function dataRows(layout: Layout, values: readonly (readonly ArrayLike<number>[])[]): Row[] {
  return values.map((row) =>
    Object.fromEntries(
      layout.numbers.map(({ key, dtype, size }, column): [string, Cell] => {
        const numbers = Array.from(row[column] ?? []);
        const cells = dtype === 'int64' ? numbers.map(BigInt) : dtype === 'bool' ? numbers.map(Boolean) : numbers;
        return [key, size === 1 ? (cells[0] ?? 0) : cells];
      }),
    ),
  );
}

export function featuresJson(layout: Layout): Record<string, unknown> {
  const features: Record<string, unknown> = {};
  for (const { key, widthPx, heightPx } of layout.videos)
    features[key] = {
      dtype: 'video',
      shape: [heightPx, widthPx, 3],
      names: ['height', 'width', 'channels'],
      info: {
        'video.height': heightPx,
        'video.width': widthPx,
        'video.codec': 'h264',
        'video.pix_fmt': 'yuv420p',
        'video.is_depth_map': false,
        'video.fps': layout.fps,
        'video.channels': 3,
        has_audio: false,
        is_depth_map: false,
      },
    };
  for (const { key, dtype, size, names } of layout.numbers)
    features[key] = { dtype, shape: [size], names: names ?? null };
  return features;
}
