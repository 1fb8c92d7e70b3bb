/**
 * The tactile pads as coloured height fields: at their true size on the fingertips, and enlarged beside the tool, where
 * a person can read them. A line ties each enlarged field to its pad. It turns towards the viewer like a page.
 */
import {
  BufferAttribute,
  BufferGeometry,
  Color,
  DoubleSide,
  Group,
  LineBasicMaterial,
  LineSegments,
  Matrix4,
  Mesh,
  MeshStandardMaterial,
  SRGBColorSpace,
  Vector3,
} from 'three';
import { decodePad, type PadReading, type TactileMount } from '../../main/api/index.ts';
import { heatColor } from '../ui/color-map.ts';
import { padScaleN } from '../ui/pad-math.ts';
import { matrixOf } from './build-geometry.ts';
import { lineGeometry, lineLook } from './lines.ts';
import type { SceneExtension, SceneFrame, SceneWorld } from './scene-extension.ts';

const ENLARGED = 3.2;
/** Offsets of the enlarged field in metres, and its height at full scale as a share of its width. */
const ASIDE_M = 0.13;
const ABOVE_M = 0.085;
const RELIEF = 0.32;
const linear = new Color();

interface Relief {
  readonly mount: TactileMount;
  readonly bodyFromPad: Matrix4;
  readonly small: Mesh<BufferGeometry, MeshStandardMaterial>;
  readonly large: Mesh<BufferGeometry, MeshStandardMaterial>;
  readonly leader: LineSegments<BufferGeometry, LineBasicMaterial>;
  painted: number;
  scaleN: number;
}

function fieldGeometry(rows: number, columns: number, sizeM: readonly [number, number]): BufferGeometry {
  const geometry = new BufferGeometry();
  const positions = new Float32Array(rows * columns * 3);
  const index: number[] = [];
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++) {
      const at = 3 * (row * columns + column);
      positions[at] = (column / (columns - 1) - 0.5) * sizeM[0];
      positions[at + 2] = (row / (rows - 1) - 0.5) * sizeM[1];
      if (row + 1 < rows && column + 1 < columns) {
        const a = row * columns + column;
        index.push(a, a + columns, a + 1, a + 1, a + columns, a + columns + 1);
      }
    }
  geometry.setAttribute('position', new BufferAttribute(positions, 3));
  geometry.setAttribute('color', new BufferAttribute(new Float32Array(rows * columns * 3), 3));
  geometry.setIndex(index);
  return geometry;
}

export class TactileRelief implements SceneExtension {
  private readonly reliefs: readonly Relief[];
  private readonly world: SceneWorld;
  private readonly baseFromPad = new Matrix4();
  private readonly padAt = new Vector3();
  private readonly outward = new Vector3();
  private readonly right = new Vector3();
  /** Side of the picture on which the first pad's field stands. */
  private firstSide: 1 | -1 = -1;
  private readonly along = new Vector3();
  private readonly towards = new Vector3();
  private readonly across = new Vector3();
  private readonly anchor = new Vector3();

  constructor(world: SceneWorld) {
    this.world = world;
    const root = new Group();
    world.scene.add(root);
    this.reliefs = world.shapes.tactile.map((mount) => {
      const pad = world.rig.tactilePads.find((one) => one.name === mount.pad);
      const geometry = fieldGeometry(pad?.rows ?? 16, pad?.columns ?? 16, mount.sizeM);
      const look = { vertexColors: true, roughness: 0.75, side: DoubleSide, emissive: 0xffffff, emissiveIntensity: 0 };
      const small = new Mesh(geometry, new MeshStandardMaterial(look));
      const large = new Mesh(geometry, new MeshStandardMaterial(look));
      const leader = new LineSegments(lineGeometry(new Float32Array(6)), new LineBasicMaterial(lineLook('muted', 0.6)));
      leader.frustumCulled = false;
      for (const mesh of [small, large]) {
        mesh.matrixAutoUpdate = false;
        mesh.frustumCulled = false;
        mesh.visible = false;
      }
      root.add(small, large, leader);
      return { mount, bodyFromPad: matrixOf(mount.bodyFromPad), small, large, leader, painted: -1, scaleN: 0.2 };
    });
  }

  update(frame: SceneFrame): void {
    this.towards.setFromMatrixPosition(frame.camera.matrixWorld);
    this.right.setFromMatrixColumn(frame.camera.matrixWorld, 0);
    this.reliefs.forEach((relief, index) => {
      const slot = frame.stream(relief.mount.pad);
      if (slot && slot.count !== relief.painted) {
        relief.painted = slot.count;
        this.shape(relief, decodePad(slot.message.payload));
      }
      const shown = slot !== undefined && relief.painted >= 0;
      for (const part of [relief.small, relief.large, relief.leader]) part.visible = shown;
      if (shown) this.place(relief, index);
    });
  }

  /** Sets heights and colours from a reading. The field's y is the pad's outward normal. */
  private shape(relief: Relief, pad: PadReading): void {
    const { geometry } = relief.small;
    const position = geometry.getAttribute('position') as BufferAttribute;
    const color = geometry.getAttribute('color') as BufferAttribute;
    if (position.count !== pad.rows * pad.columns) return;
    relief.scaleN = padScaleN(pad, relief.scaleN);
    for (let index = 0; index < position.count; index++) {
      const share = Math.min(1.2, Math.max(0, (pad.forceN[index] ?? 0) / relief.scaleN));
      position.setY(index, share * RELIEF * relief.mount.sizeM[0]);
      const [red, green, blue] = heatColor(share);
      linear.setRGB(red / 255, green / 255, blue / 255, SRGBColorSpace);
      color.setXYZ(index, linear.r, linear.g, linear.b);
    }
    position.needsUpdate = true;
    color.needsUpdate = true;
    geometry.computeVertexNormals();
  }

  private place(relief: Relief, index: number): void {
    this.baseFromPad.multiplyMatrices(this.world.baseFromBody(relief.mount.body), relief.bodyFromPad);
    relief.small.matrix.copy(this.baseFromPad);
    relief.small.matrixWorldNeedsUpdate = true;
    this.padAt.setFromMatrixPosition(this.baseFromPad);
    this.outward.setFromMatrixColumn(this.baseFromPad, 1).negate();
    this.along.setFromMatrixColumn(this.baseFromPad, 2);
    // Each field stands on its finger's side of the picture. A threshold keeps it from jumping between the sides.
    const lean = this.outward.dot(this.right);
    if (index === 0 && Math.abs(lean) > 0.3) this.firstSide = lean > 0 ? 1 : -1;
    const side = index === 0 ? this.firstSide : -this.firstSide;
    this.anchor
      .copy(this.padAt)
      .addScaledVector(this.right, side * ASIDE_M)
      .addScaledVector(this.along, -ABOVE_M);
    // The normal lies between the direction to the viewer and the vertical, so that heights are visible.
    const normal = this.outward
      .copy(this.towards)
      .sub(this.anchor)
      .normalize()
      .addScaledVector(this.along, -0.55)
      .normalize();
    this.across.crossVectors(normal, this.along).normalize();
    this.along.crossVectors(this.across, normal).normalize();
    relief.large.matrix.makeBasis(this.across, normal, this.along).setPosition(this.anchor);
    relief.large.matrix.scale(linearScale);
    relief.large.matrixWorldNeedsUpdate = true;
    const line = relief.leader.geometry.getAttribute('position') as BufferAttribute;
    line.setXYZ(0, this.padAt.x, this.padAt.y, this.padAt.z);
    const gap = (0.5 * ENLARGED * relief.mount.sizeM[0] + 0.006) * -side;
    const end = this.anchor.addScaledVector(this.right, gap);
    line.setXYZ(1, end.x, end.y, end.z);
    line.needsUpdate = true;
  }

  dispose(): void {
    for (const relief of this.reliefs) {
      relief.small.parent?.removeFromParent();
      relief.small.geometry.dispose();
      for (const mesh of [relief.small, relief.large]) mesh.material.dispose();
      relief.leader.geometry.dispose();
      relief.leader.material.dispose();
    }
  }
}

const linearScale = new Vector3(ENLARGED, ENLARGED, ENLARGED);
