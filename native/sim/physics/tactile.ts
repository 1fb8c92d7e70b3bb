/**
 * Two 16×16 tactile pads. The imprint is an elastic foundation: each taxel's depth inside the object, the signed
 * distance of a box, blurred by a 3×3 binomial as the elastomer does. It shares out the solver's totals, so that the
 * taxels sum to MuJoCo's force: p = w·Fn, shear = w·(Ft + kt·(r × n)) with kt = torsion / Σ w r². Gains that differ a
 * little from taxel to taxel, noise and 12-bit quantisation follow. A pure function of poses, totals and seed.
 */
import { Matrix4, Quaternion, Vector3 } from 'three';
import type { TactileFrame } from '../../../main/api/observation.ts';
import { createRng, type Rng } from '../../../main/api/rng.ts';
import type { ScenePoses } from '../../device.ts';
import {
  BLOCK_HALF_WIDTH_M,
  PAD_HALF_THICKNESS_M,
  PAD_HALF_WIDTH_M,
  PARKED_HEIGHT_M,
  PEG_HALF_WIDTH_M,
  PEG_LENGTH_M,
  SCENE_BODIES,
  type SceneBody,
} from './model.ts';

export const TAXEL_ROWS = 16;
const TAXELS = TAXEL_ROWS * TAXEL_ROWS;
export const PAD_NAMES = ['left', 'right'] as const;
const PAD_BODIES: readonly SceneBody[] = ['leftFinger', 'rightFinger'];
/** Pad centre in the finger's frame. */
export const PAD_CENTRE_M = [0, PAD_HALF_THICKNESS_M, 0.045] as const;
const OBJECTS: readonly { readonly body: SceneBody; readonly halfSizeM: readonly [number, number, number] }[] = [
  { body: 'peg', halfSizeM: [PEG_HALF_WIDTH_M, PEG_HALF_WIDTH_M, PEG_LENGTH_M / 2] },
  { body: 'block', halfSizeM: [BLOCK_HALF_WIDTH_M, BLOCK_HALF_WIDTH_M, BLOCK_HALF_WIDTH_M] },
];

const FULL_SCALE_N = 2;
const QUANTUM_N = FULL_SCALE_N / 2048;
/** Seeds the sensor's own spread of gains; the same device has the same gains for life. */
const DEVICE_SEED = 1;
const GAIN_SPREAD = 0.03;
const NOISE_N = 0.0008;

/** `imperfect: false` leaves out gain spread, noise and quantisation; taxels then sum to the totals. */
export function createTactilePads({ imperfect = true } = {}) {
  const gains = PAD_NAMES.map((name) => {
    const rng = createRng(DEVICE_SEED).split(`pad ${name}`);
    return Float32Array.from({ length: TAXELS }, () => (imperfect ? 1 + GAIN_SPREAD * rng.normal() : 1));
  });
  const computeImprint = createImprint();

  const padFrame = (poses: ScenePoses, totals: ArrayLike<number>, pad: number, rng: Rng | undefined): TactileFrame => {
    const at = pad * 4;
    const forceN = new Float32Array(3 * TAXELS);
    const total: PadTotal = [totals[at]!, totals[at + 1]!, totals[at + 2]!, totals[at + 3]!];
    const weights = computeImprint(poses, pad);
    if (weights) shareOut(total, weights, forceN);
    else total.fill(0);
    if (imperfect) measure(forceN, gains[pad]!, rng);
    return { pad: PAD_NAMES[pad]!, rows: TAXEL_ROWS, columns: TAXEL_ROWS, forceN, total };
  };

  return {
    /** `padTotals` holds a `PadTotal` per pad. `rng` draws the noise of this instant; `undefined` for none. */
    frames: (poses: ScenePoses, padTotals: ArrayLike<number>, rng: Rng | undefined): TactileFrame[] =>
      PAD_NAMES.map((_, pad) => padFrame(poses, padTotals, pad, rng)),
  };
}

/** Normal force, shear x, shear z, torsion. */
type PadTotal = [number, number, number, number];

/**
 * Returns a function that computes the taxels' shares of a pad's force, which sum to one, or `undefined` when the pad
 * touches nothing. The next call overwrites the shares.
 */
function createImprint(): (poses: ScenePoses, pad: number) => Float64Array | undefined {
  const weights = new Float64Array(TAXELS);
  const blurred = new Float64Array(TAXELS);
  const padFromBase = new Matrix4();
  const objectFromPad = new Matrix4();
  const position = new Vector3();
  const orientation = new Quaternion();
  const scale = new Vector3(1, 1, 1);

  const bodyPose = (poses: ScenePoses, body: SceneBody, into: Matrix4): Matrix4 => {
    const at = SCENE_BODIES.indexOf(body) * 7;
    position.set(poses[at]!, poses[at + 1]!, poses[at + 2]!);
    orientation.set(poses[at + 3]!, poses[at + 4]!, poses[at + 5]!, poses[at + 6]!);
    return into.compose(position, orientation, scale);
  };

  return (poses, pad) => {
    const object = OBJECTS.find(({ body }) => poses[SCENE_BODIES.indexOf(body) * 7 + 2]! > PARKED_HEIGHT_M / 2);
    if (!object) return undefined;
    bodyPose(poses, PAD_BODIES[pad]!, padFromBase);
    padFromBase.multiply(new Matrix4().makeTranslation(...PAD_CENTRE_M));
    bodyPose(poses, object.body, objectFromPad).invert().multiply(padFromBase);
    const [halfX, halfY, halfZ] = object.halfSizeM;
    for (let taxel = 0; taxel < TAXELS; taxel++) {
      position.set(taxelX(taxel), -PAD_HALF_THICKNESS_M, taxelZ(taxel)).applyMatrix4(objectFromPad);
      const outside = Math.max(
        Math.abs(position.x) - halfX,
        Math.abs(position.y) - halfY,
        Math.abs(position.z) - halfZ,
      );
      weights[taxel] = Math.max(0, -outside);
    }
    blur(weights, blurred);
    let sum = 0;
    for (let taxel = 0; taxel < TAXELS; taxel++) sum += weights[taxel]!;
    if (sum <= 0) return undefined;
    for (let taxel = 0; taxel < TAXELS; taxel++) weights[taxel]! /= sum;
    return weights;
  };
}

/** Shares a pad's totals out over its taxels. Torsion acts about the imprint's centre, so that it adds no net shear. */
function shareOut(total: PadTotal, weights: Float64Array, forceN: Float32Array): void {
  const [normal, shearX, shearZ, torsion] = total;
  let centreX = 0;
  let centreZ = 0;
  for (let taxel = 0; taxel < TAXELS; taxel++) {
    centreX += weights[taxel]! * taxelX(taxel);
    centreZ += weights[taxel]! * taxelZ(taxel);
  }
  let inertia = 0;
  for (let taxel = 0; taxel < TAXELS; taxel++)
    inertia += weights[taxel]! * ((taxelX(taxel) - centreX) ** 2 + (taxelZ(taxel) - centreZ) ** 2);
  const twist = (torsion - (centreZ * shearX - centreX * shearZ)) / (inertia + 1e-9);
  for (let taxel = 0; taxel < TAXELS; taxel++) {
    const weight = weights[taxel]!;
    forceN[taxel] = weight * normal;
    forceN[TAXELS + taxel] = weight * (shearX + twist * (taxelZ(taxel) - centreZ));
    forceN[2 * TAXELS + taxel] = weight * (shearZ - twist * (taxelX(taxel) - centreX));
  }
}

/** Applies gains, triangular noise of unit variance times `NOISE_N`, and quantisation. */
function measure(forceN: Float32Array, gain: Float32Array, rng: Rng | undefined): void {
  for (let index = 0; index < forceN.length; index++) {
    const noise = rng ? NOISE_N * (rng.uniform() + rng.uniform() - 1) * 2.45 : 0;
    const value = forceN[index]! * gain[index % TAXELS]! + noise;
    forceN[index] = Math.max(-FULL_SCALE_N, Math.min(FULL_SCALE_N, Math.round(value / QUANTUM_N) * QUANTUM_N));
  }
}

/** Returns the centre of a taxel on the pad: columns lie along x, rows along z. */
function taxelX(taxel: number): number {
  return ((((taxel % TAXEL_ROWS) + 0.5) / TAXEL_ROWS) * 2 - 1) * PAD_HALF_WIDTH_M;
}

function taxelZ(taxel: number): number {
  return (((Math.floor(taxel / TAXEL_ROWS) + 0.5) / TAXEL_ROWS) * 2 - 1) * PAD_HALF_WIDTH_M;
}

/** Blurs in place by a 3×3 binomial with mirrored edges. */
function blur(values: Float64Array, scratch: Float64Array): void {
  const last = TAXEL_ROWS - 1;
  for (let row = 0; row < TAXEL_ROWS; row++)
    for (let column = 0; column < TAXEL_ROWS; column++) {
      const at = row * TAXEL_ROWS + column;
      const before = values[column > 0 ? at - 1 : at]!;
      const after = values[column < last ? at + 1 : at]!;
      scratch[at] = 0.5 * values[at]! + 0.25 * (before + after);
    }
  for (let row = 0; row < TAXEL_ROWS; row++)
    for (let column = 0; column < TAXEL_ROWS; column++) {
      const at = row * TAXEL_ROWS + column;
      const before = scratch[row > 0 ? at - TAXEL_ROWS : at]!;
      const after = scratch[row < last ? at + TAXEL_ROWS : at]!;
      values[at] = 0.5 * scratch[at]! + 0.25 * (before + after);
    }
}
