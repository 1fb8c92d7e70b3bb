/** The bodies of arm, gripper and task: built once from the shapes, then moved by writing their matrices. */
import {
  type BufferGeometry,
  Color,
  Group,
  type Material,
  Matrix4,
  Mesh,
  MeshLambertMaterial,
  MeshStandardMaterial,
  type Scene,
} from 'three';
import { mergeGeometries } from 'three/examples/jsm/utils/BufferGeometryUtils.js';
import type { SceneShapes } from '../../main/api/index.ts';
import { type Detail, geometryOf, matrixAt, matrixOf } from './build-geometry.ts';
import type { SceneExtension, SceneFrame } from './scene-extension.ts';

/** A body below this height is parked and not drawn. */
const PARKED_BELOW_M = -0.5;
const IDENTITY = new Matrix4();

export class RigBodies implements SceneExtension {
  private readonly groups = new Map<string, Group>();
  private readonly order: readonly Group[];
  private readonly root = new Group();
  private readonly materials: readonly Material[];
  private painted = -1;

  constructor(scene: Scene, shapes: SceneShapes, detail: Detail) {
    const materials = new Map(
      shapes.materials.map(({ name, color: rgb, roughness, metalness }) => {
        const color = new Color().setRGB(...rgb);
        return [
          name,
          detail.simpleShading
            ? new MeshLambertMaterial({ color })
            : new MeshStandardMaterial({ color, roughness, metalness }),
        ];
      }),
    );
    this.materials = [...materials.values()];
    this.order = shapes.bodies.map((body, index) => {
      const group = new Group();
      group.matrixAutoUpdate = false;
      // Before the first poses only the world is shown, which comes first and does not move.
      group.visible = index === 0;
      const byMaterial = new Map<string, BufferGeometry[]>();
      for (const part of body.parts) {
        const made = geometryOf(part.solid, detail);
        const geometry = made.index ? made.toNonIndexed() : made;
        geometry.deleteAttribute('uv');
        geometry.applyMatrix4(matrixOf(part.bodyFromPart));
        const list = byMaterial.get(part.material) ?? [];
        byMaterial.set(part.material, list);
        list.push(geometry);
      }
      for (const [name, geometries] of byMaterial) {
        const mesh = new Mesh(mergeGeometries(geometries), materials.get(name) ?? new MeshStandardMaterial());
        mesh.castShadow = body.castsShadow;
        mesh.receiveShadow = true;
        mesh.matrixAutoUpdate = false;
        group.add(mesh);
      }
      this.groups.set(body.name, group);
      this.root.add(group);
      return group;
    });
    scene.add(this.root);
  }

  readonly baseFromBody = (name: string): Matrix4 => this.groups.get(name)?.matrix ?? IDENTITY;

  update(frame: SceneFrame): void {
    if (!frame.poses || frame.posesCount === this.painted) return;
    this.painted = frame.posesCount;
    // A driver may leave out the world, which never moves.
    const skipped = this.order.length - Math.floor(frame.poses.length / 7);
    this.order.forEach((group, index) => {
      if (!frame.poses || index < skipped || index === 0) return;
      matrixAt(frame.poses, 7 * (index - Math.max(0, skipped)), group.matrix);
      group.matrixWorldNeedsUpdate = true;
      group.visible = (group.matrix.elements[14] ?? 0) > PARKED_BELOW_M;
    });
  }

  dispose(): void {
    this.root.removeFromParent();
    this.root.traverse((object) => {
      if (object instanceof Mesh) object.geometry.dispose();
    });
    for (const material of this.materials) material.dispose();
  }
}
