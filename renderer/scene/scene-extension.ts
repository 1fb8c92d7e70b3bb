/**
 * An extension of the scene: one class per kind of thing. It adds its objects in its constructor, moves them in place
 * in `update`, and frees them in `dispose`. `update` runs once per drawn frame and must not allocate large objects.
 */
import type { Camera, Matrix4, Scene } from 'three';
import type { Rig, SceneShapes, StreamMessage } from '../../main/api/index.ts';
import type { Tone } from '../state/driver.ts';

export interface SceneFrame {
  readonly nowMs: number;
  /** 7 numbers per body of the shapes; `undefined` before the first poses. */
  readonly poses: ArrayLike<number> | undefined;
  /** Grows with every new set of poses. */
  readonly posesCount: number;
  /** Commanded tool pose in the base frame; `undefined` in a replay and in HOLD. */
  readonly setPoint: readonly number[] | undefined;
  readonly tone: Tone;
  readonly replaying: boolean;
  /** True when the free view follows the tool. */
  readonly follow: boolean;
  readonly camera: Camera;
  /** Returns the newest message of a camera or pad, live or recorded. */
  stream(name: string): { readonly message: StreamMessage; readonly count: number } | undefined;
}

export interface SceneWorld {
  readonly scene: Scene;
  readonly shapes: SceneShapes;
  readonly rig: Rig;
  /** Returns the present pose of a body; the identity for the world. */
  baseFromBody(name: string): Matrix4;
}

export interface SceneExtension {
  update(frame: SceneFrame): void;
  dispose(): void;
}
