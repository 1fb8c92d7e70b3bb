/** Messages between the live cell's threads, besides the shared memory. */
import type { CameraFrame, TactileFrame } from '../../../main/api/observation.ts';
import type { TaskId } from '../../../main/api/task.ts';
import type { ScenePoses } from '../../device.ts';

export interface ServoStart {
  readonly shared: SharedArrayBuffer;
  /** `performance.timeOrigin` of the engine's thread, because each thread's clock has its own zero. */
  readonly clockOriginMs: number;
}

export type ToServo =
  | { readonly kind: 'reset'; readonly id: number; readonly task: TaskId; readonly seed: number }
  /** Sets the simulated time, for a thread that replaces one that died. */
  | { readonly kind: 'set-time'; readonly substeps: number };

export type FromServo =
  | { readonly kind: 'ready' }
  | { readonly kind: 'reset-done'; readonly id: number }
  /** The servo has reached the granted limit, this many substeps after the cell was opened. */
  | { readonly kind: 'arrived'; readonly substeps: number }
  | { readonly kind: 'fault'; readonly message: string };

export interface ToRender {
  readonly id: number;
  readonly poses: ScenePoses;
  readonly readings: Float64Array;
  readonly seed: number;
}

export type FromRender =
  | { readonly kind: 'ready' }
  | {
      readonly kind: 'picture';
      readonly id: number;
      readonly frames: readonly CameraFrame[];
      readonly tactile: readonly TactileFrame[];
    };

/** Returns the URL of a worker's entry beside this file, as source (`.ts`) or as built (`.js`). */
export function workerUrl(name: 'servo-worker' | 'render-worker'): URL {
  return new URL(`./${name}.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`, import.meta.url);
}
