/**
 * The look of a rig as data: bodies, each made of lathe profiles and rounded boxes with a material.
 * The cell's rasteriser and the window's 3-D scene each build their own geometry from it.
 * Lengths in metres, angles in radians, colours linear RGB in 0 … 1.
 */
import type { Pose, Vec3 } from './geometry.ts';

export interface Material {
  readonly name: string;
  readonly color: Vec3;
  /** 0 mirror … 1 matt. */
  readonly roughness: number;
  readonly metalness: number;
}

export type Solid =
  /** Revolved about local z: points are [radius, z]. */
  | { readonly kind: 'lathe'; readonly profile: readonly (readonly [number, number])[] }
  | { readonly kind: 'rounded-box'; readonly sizeM: Vec3; readonly radiusM: number }
  | { readonly kind: 'box'; readonly sizeM: Vec3 };

export interface Part {
  readonly solid: Solid;
  readonly bodyFromPart: Pose;
  readonly material: string;
}

export interface Body {
  readonly name: string;
  readonly parts: readonly Part[];
  readonly castsShadow: boolean;
}

export interface CameraMount {
  readonly name: string;
  /** Body that carries the camera; 'world' for a fixed one. Camera frame: x right, y up, looks along −z. */
  readonly body: string;
  readonly bodyFromCamera: Pose;
  readonly verticalFovRad: number;
}

export interface TactileMount {
  readonly pad: string;
  readonly body: string;
  /** Pad frame: x and z span the pad, y is the outward normal. */
  readonly bodyFromPad: Pose;
  readonly sizeM: readonly [number, number];
}

export interface SceneShapes {
  readonly materials: readonly Material[];
  /** Index 0 is the world, which does not move. */
  readonly bodies: readonly Body[];
  readonly cameras: readonly CameraMount[];
  readonly tactile: readonly TactileMount[];
  /** The body that carries the tool frame, and where the tool frame sits on it. */
  readonly tool: { readonly body: string; readonly bodyFromTool: Pose };
}
