/**
 * The ghost: the commanded tool pose as a line drawing of the tool body's largest part, and a cross at the tool point.
 */
import {
  BoxGeometry,
  type BufferGeometry,
  EdgesGeometry,
  Group,
  LineBasicMaterial,
  LineSegments,
  Matrix4,
} from 'three';
import type { Solid } from '../../main/api/index.ts';
import { matrixAt, matrixOf } from './build-geometry.ts';
import { lineGeometry, lineLook } from './lines.ts';
import type { SceneExtension, SceneFrame, SceneWorld } from './scene-extension.ts';

const CROSS_M = 0.014;
const CIRCLE_STEPS = 40;

function extentM(solid: Solid): number {
  return solid.kind === 'lathe' ? 2 * Math.max(...solid.profile.map(([radius]) => radius)) : Math.max(...solid.sizeM);
}

/** Returns a few lines for a solid: the edges of a box, the widest circle of a lathe. */
function outline(solid: Solid): BufferGeometry {
  if (solid.kind !== 'lathe') return new EdgesGeometry(new BoxGeometry(...solid.sizeM));
  const [radius, z] = solid.profile.reduce((widest, point) => (point[0] > widest[0] ? point : widest));
  const points: number[] = [];
  for (let step = 0; step < CIRCLE_STEPS; step++)
    for (const at of [step, step + 1]) {
      const angle = (2 * Math.PI * at) / CIRCLE_STEPS;
      points.push(radius * Math.cos(angle), radius * Math.sin(angle), z);
    }
  return lineGeometry(points);
}

export class Ghost implements SceneExtension {
  private readonly root = new Group();
  private readonly toolFromBody: Matrix4;
  private readonly material = new LineBasicMaterial({ ...lineLook('text', 0.6), depthTest: false });
  private readonly baseFromTool = new Matrix4();

  constructor(world: SceneWorld) {
    const { tool, bodies } = world.shapes;
    this.toolFromBody = matrixOf(tool.bodyFromTool).invert();
    const parts = bodies.find((body) => body.name === tool.body)?.parts ?? [];
    const largest = parts.toSorted((a, b) => extentM(b.solid) - extentM(a.solid))[0];
    if (largest)
      this.root.add(
        new LineSegments(outline(largest.solid).applyMatrix4(matrixOf(largest.bodyFromPart)), this.material),
      );
    const cross = [-CROSS_M, 0, 0, CROSS_M, 0, 0, 0, -CROSS_M, 0, 0, CROSS_M, 0, 0, 0, -CROSS_M, 0, 0, CROSS_M];
    this.root.add(new LineSegments(lineGeometry(cross).applyMatrix4(matrixOf(tool.bodyFromTool)), this.material));
    this.root.matrixAutoUpdate = false;
    this.root.visible = false;
    for (const child of this.root.children) child.renderOrder = 5;
    world.scene.add(this.root);
  }

  update(frame: SceneFrame): void {
    this.root.visible = frame.setPoint !== undefined;
    if (!frame.setPoint) return;
    matrixAt(frame.setPoint, 0, this.baseFromTool);
    this.root.matrix.multiplyMatrices(this.baseFromTool, this.toolFromBody);
    this.root.matrixWorldNeedsUpdate = true;
  }

  dispose(): void {
    this.root.removeFromParent();
    for (const child of this.root.children) if (child instanceof LineSegments) child.geometry.dispose();
    this.material.dispose();
  }
}
