/** The surroundings of the rig: floor grid, light, and the workspace box that safety keeps the tool in. Z is up. */
import {
  AmbientLight,
  Color,
  DirectionalLight,
  GridHelper,
  Group,
  HemisphereLight,
  LineBasicMaterial,
  LineDashedMaterial,
  LineSegments,
  type Scene,
} from 'three';
import type { SafetyLimits } from '../../main/api/index.ts';
import { colorOf } from '../ui/tokens.ts';
import { lineGeometry, lineLook } from './lines.ts';
import type { Quality } from './quality.ts';

const FLOOR_M = -0.045;
const CORNER_M = 0.025;

export class Surroundings {
  private readonly root = new Group();
  private readonly key: DirectionalLight;
  private box: Group | undefined;

  constructor(scene: Scene, quality: Quality) {
    const grid = new GridHelper(6, 60, new Color(colorOf('line')), new Color(colorOf('line')));
    grid.rotateX(Math.PI / 2);
    grid.position.set(0.45, 0, FLOOR_M);
    grid.material.transparent = true;
    grid.material.opacity = 0.55;
    grid.material.toneMapped = false;
    const sky = new HemisphereLight(0xe2e9f3, 0x5a554e, 1.5);
    sky.position.set(0, 0, 1);
    this.key = new DirectionalLight(0xfff3e2, 2.0);
    this.key.position.set(-0.15, -0.95, 1.75);
    this.key.target.position.set(0.42, 0, 0.1);
    const rim = new DirectionalLight(0xbdd4ff, 0.9);
    rim.position.set(1.2, 0.9, 0.7);
    this.root.add(grid, sky, this.key, this.key.target, rim, new AmbientLight(0xffffff, 0.18));
    this.setQuality(quality);
    scene.add(this.root);
  }

  setQuality(quality: Quality): void {
    const { key } = this;
    key.castShadow = quality.shadows;
    key.shadow.mapSize.setScalar(quality.level === 'high' ? 2048 : 1024);
    key.shadow.radius = 5;
    key.shadow.bias = -0.0004;
    key.shadow.normalBias = 0.012;
    Object.assign(key.shadow.camera, { left: -0.85, right: 0.85, top: 0.95, bottom: -0.75, near: 0.5, far: 4 });
    key.shadow.camera.updateProjectionMatrix();
  }

  setWorkspace(limits: SafetyLimits): void {
    this.box?.removeFromParent();
    const { workspaceLowM: low, workspaceHighM: high } = limits;
    const corner = (bits: number) => [0, 1, 2].map((axis) => ((bits >> axis) & 1 ? high[axis]! : low[axis]!));
    const edges: number[] = [];
    const corners: number[] = [];
    for (let bits = 0; bits < 8; bits++)
      for (let axis = 0; axis < 3; axis++) {
        const from = corner(bits);
        const to = corner(bits ^ (1 << axis));
        if (!((bits >> axis) & 1)) edges.push(...from, ...to);
        const reach = Math.min(1, CORNER_M / Math.max(1e-6, Math.abs(to[axis]! - from[axis]!)));
        corners.push(...from, ...from.map((value, index) => value + (to[index]! - value) * reach));
      }
    const dashed = new LineDashedMaterial({ ...lineLook('muted', 0.5), dashSize: 0.006, gapSize: 0.009 });
    this.box = new Group();
    this.box.add(
      new LineSegments(lineGeometry(edges), dashed).computeLineDistances(),
      new LineSegments(lineGeometry(corners), new LineBasicMaterial(lineLook('muted', 0.95))),
    );
    this.root.add(this.box);
  }

  dispose(): void {
    this.root.removeFromParent();
    this.key.dispose();
  }
}
