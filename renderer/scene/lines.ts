/** Geometry and look of the scene's thin lines. */
import { BufferGeometry, Float32BufferAttribute } from 'three';
import { type ColorToken, colorOf } from '../ui/tokens.ts';

/** Returns the geometry of line segments: x, y and z of both ends of each. */
export const lineGeometry = (points: number[] | Float32Array): BufferGeometry =>
  new BufferGeometry().setAttribute('position', new Float32BufferAttribute(points, 3));

/** Returns the parameters of a line's material. */
export const lineLook = (token: ColorToken, opacity: number) =>
  ({ color: colorOf(token), transparent: true, opacity, toneMapped: false }) as const;
