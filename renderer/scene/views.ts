/**
 * The four views: wrist and side look through that camera, top looks down on the workspace, free orbits as a person
 * likes.
 */
import { MathUtils, type Matrix4, type PerspectiveCamera, Quaternion, Vector3 } from 'three';
import type { OrbitControls } from 'three/examples/jsm/controls/OrbitControls.js';
import type { CameraMount, SafetyLimits } from '../../main/api/index.ts';
import type { SceneView } from '../state/scene-views.ts';
import { matrixOf } from './build-geometry.ts';
import { cornersOf, distanceToFrame } from './framing.ts';

const FREE_FOV_DEG = 33;
/**
 * Direction of the free view, from the front right. It shows tool and task, with the fixed camera's picture beside the
 * tool and not in front of it.
 */
const FREE_FROM = new Vector3(1, -1.34, 0.72).normalize();
/** Share of the half picture that the workspace reaches. With the tool in it, it fills half of the stage. */
const FREE_SHARE = 0.72;
/** Height of gripper and flange above the tool point, which the workspace's own box leaves out. */
const GRIPPER_M = 0.1;
/** The picture of a camera fills this share of the scene's height. */
const THROUGH_SHARE = 0.86;
const scale = new Vector3();
const orientation = new Quaternion();
const away = new Vector3();
const upper = new Vector3();

export class Views {
  private readonly camera: PerspectiveCamera;
  private readonly controls: OrbitControls;
  private through: CameraMount | undefined;
  private remembered: { position: Vector3; target: Vector3 } | undefined;

  private limits: SafetyLimits;
  /** True when a person has turned the free view, which is then not moved automatically. */
  private turned = false;
  private lastToolM: Vector3 | undefined;

  constructor(camera: PerspectiveCamera, controls: OrbitControls, limits: SafetyLimits) {
    this.camera = camera;
    this.controls = controls;
    this.limits = limits;
    controls.addEventListener('start', () => {
      this.turned = true;
    });
    this.free();
  }

  /**
   * Call it when the workspace moves or changes with the task. The free view follows it until a person turns the view.
   */
  setLimits(limits: SafetyLimits): void {
    this.limits = limits;
    if (!this.turned) this.compose();
  }

  /** Name of the camera that the view looks through. */
  get looksThrough(): string | undefined {
    return this.through?.name;
  }

  show(view: SceneView, mounts: readonly CameraMount[]): void {
    const { limits } = this;
    const mount = view === 'wrist' || view === 'side' ? mounts.find((one) => one.name === view) : undefined;
    if (!this.through && this.controls.enabled && view !== 'free' && !this.remembered)
      this.remembered = { position: this.camera.position.clone(), target: this.controls.target.clone() };
    this.through = mount;
    this.controls.enabled = !mount;
    this.camera.up.set(0, 0, 1);
    if (mount) return;
    this.camera.fov = FREE_FOV_DEG;
    this.camera.updateProjectionMatrix();
    if (view === 'top') {
      const middle = [0, 1].map((axis) => (limits.workspaceLowM[axis]! + limits.workspaceHighM[axis]!) / 2);
      const heightM = 0.95;
      this.controls.target.set(middle[0]!, middle[1]!, 0);
      // Straight down is a pole of the orbit. A small offset keeps the base at the bottom of the picture.
      this.camera.position.set(middle[0]! - 0.001, middle[1]!, heightM);
      this.controls.update();
      return;
    }
    if (this.remembered) {
      this.camera.position.copy(this.remembered.position);
      this.controls.target.copy(this.remembered.target);
      this.remembered = undefined;
      this.controls.update();
    } else this.free();
  }

  /** Call it when the picture changes its shape. */
  setAspect(): void {
    if (!this.turned) this.compose();
  }

  private compose(): void {
    if (!this.through && !this.remembered) this.free();
  }

  /** Resets the free view to tool and task. */
  frame(): void {
    this.turned = false;
    this.compose();
  }

  private free(): void {
    const [x, y, z] = this.limits.workspaceHighM;
    const corners = cornersOf({ ...this.limits, workspaceHighM: [x, y, z + GRIPPER_M] });
    const middle = corners[0]!.clone().add(corners[7]!).multiplyScalar(0.5);
    const lens = { verticalFovRad: MathUtils.degToRad(FREE_FOV_DEG), aspect: this.camera.aspect };
    this.camera.fov = FREE_FOV_DEG;
    this.controls.target.copy(middle);
    this.camera.position
      .copy(FREE_FROM)
      .multiplyScalar(distanceToFrame(corners, middle, FREE_FROM, lens, FREE_SHARE))
      .add(middle);
    this.camera.updateProjectionMatrix();
    this.controls.update();
  }

  /** Moves the free view along with the tool. With `undefined` the view stands still. */
  followTool(toolM: Vector3 | undefined): void {
    if (toolM && this.lastToolM && !this.through && !this.remembered) {
      const step = toolM.clone().sub(this.lastToolM);
      this.camera.position.add(step);
      this.controls.target.add(step);
    }
    this.lastToolM = toolM;
  }

  /** Returns the direction away from the viewer over the table, counter-clockwise from the base's +x. */
  headingRad(): number {
    this.camera.getWorldDirection(away);
    upper.set(0, 1, 0).applyQuaternion(this.camera.quaternion);
    return Math.atan2(away.y + upper.y, away.x + upper.x);
  }

  /** Keeps the eye at the camera that the view looks through. */
  follow(baseFromBody: (name: string) => Matrix4): void {
    if (!this.through) return;
    const pose = matrixOf(this.through.bodyFromCamera).premultiply(baseFromBody(this.through.body));
    pose.decompose(this.camera.position, orientation, scale);
    this.camera.quaternion.copy(orientation);
    const half = Math.tan(this.through.verticalFovRad / 2) / THROUGH_SHARE;
    this.camera.fov = MathUtils.radToDeg(2 * Math.atan(half));
    this.camera.updateProjectionMatrix();
  }
}
