/** The commanded tool pose as a line drawing of the tool's body: where the arm is asked to be, against where it is. */
import { Color, EdgesGeometry, Group, LineBasicMaterial, LineSegments, Matrix4 } from 'three';
import { colorOf } from '../tokens.ts';
import { matrixAt, matrixOf } from './geometry.ts';
import type { RigBodies } from './rig-bodies.ts';
import type { SceneExtension, SceneFrame, SceneWorld } from './scene-extension.ts';

/** Edges flatter than this are not drawn. */
const CREASE_DEG = 28;

export class Ghost implements SceneExtension {
  private readonly root = new Group();
  private readonly toolFromBody: Matrix4;
  private readonly material: LineBasicMaterial;
  private readonly baseFromTool = new Matrix4();

  constructor(world: SceneWorld, bodies: RigBodies) {
    const { tool } = world.shapes;
    this.toolFromBody = matrixOf(tool.bodyFromTool).invert();
    this.material = new LineBasicMaterial({
      color: new Color(colorOf('text')),
      transparent: true,
      opacity: 0.5,
      depthTest: false,
      toneMapped: false,
    });
    for (const mesh of bodies.meshesOf(tool.body))
      this.root.add(new LineSegments(new EdgesGeometry(mesh.geometry, CREASE_DEG), this.material));
    this.root.matrixAutoUpdate = false;
    this.root.visible = false;
    this.root.renderOrder = 5;
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
