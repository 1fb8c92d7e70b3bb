/**
 * Loads the WASM module of @mujoco/mujoco and wraps one model with its data. No other file imports that package. Views of
 * MuJoCo's memory are kept, because `<size memory>` fixes the arena. `views()` takes them again if the heap has grown.
 * Quaternions here are MuJoCo's own, [w, x, y, z]. Autoreset is off. A NaN or a warning is therefore a fault that the
 * caller reports, never a silent jump to the initial state.
 */
import loadMujocoModule, { type MainModule, type MjData, type MjModel } from '@mujoco/mujoco';

export type Mujoco = MainModule;

let shared: Promise<Mujoco> | undefined;

/** Loads the WASM module, once per thread (about 0.3 s). */
export function loadMujoco(): Promise<Mujoco> {
  shared ??= loadMujocoModule();
  return shared;
}

export interface SimViews {
  readonly qpos: Float64Array;
  readonly qvel: Float64Array;
  readonly ctrl: Float64Array;
  /** Gravity and Coriolis forces per degree of freedom. */
  readonly qfrcBias: Float64Array;
  readonly bodyPosition: Float64Array;
  readonly bodyQuaternion: Float64Array;
  /** Row-major 3×3 per body. */
  readonly bodyRotation: Float64Array;
  readonly sitePosition: Float64Array;
  readonly geomPosition: Float64Array;
  readonly geomRotation: Float64Array;
  readonly jointAxis: Float64Array;
  readonly jointAnchor: Float64Array;
  readonly sensorData: Float64Array;
  /** Positions and orientations of the model's bodies. Writing them moves static bodies. */
  readonly modelBodyPosition: Float64Array;
  readonly modelBodyQuaternion: Float64Array;
}

function takeViews(model: MjModel, data: MjData): SimViews {
  return {
    qpos: data.qpos,
    qvel: data.qvel,
    ctrl: data.ctrl,
    qfrcBias: data.qfrc_bias,
    bodyPosition: data.xpos,
    bodyQuaternion: data.xquat,
    bodyRotation: data.xmat,
    sitePosition: data.site_xpos,
    geomPosition: data.geom_xpos,
    geomRotation: data.geom_xmat,
    jointAxis: data.xaxis,
    jointAnchor: data.xanchor,
    sensorData: data.sensordata,
    modelBodyPosition: model.body_pos,
    modelBodyQuaternion: model.body_quat,
  };
}

export type SimModel = ReturnType<typeof createSimModel>;

const WARNING_NAMES = [
  'a singular inertia matrix',
  'a full contact buffer',
  'a full constraint buffer',
  'a position that is not finite',
  'a velocity that is not finite',
  'an acceleration that is not finite',
  'a control that is not finite',
];

export function createSimModel(mujoco: Mujoco, xml: string) {
  const model: MjModel = mujoco.MjModel.from_xml_string(xml);
  const data: MjData = new mujoco.MjData(model);
  model.opt.disableflags |= mujoco.mjtDisableBit.mjDSBL_AUTORESET.value;
  const stateSpec: number = mujoco.mjtState.mjSTATE_INTEGRATION.value;
  const stateBuffer = new mujoco.DoubleBuffer(mujoco.mj_stateSize(model, stateSpec));
  const objectKinds = {
    body: mujoco.mjtObj.mjOBJ_BODY.value,
    geom: mujoco.mjtObj.mjOBJ_GEOM.value,
    site: mujoco.mjtObj.mjOBJ_SITE.value,
    joint: mujoco.mjtObj.mjOBJ_JOINT.value,
    sensor: mujoco.mjtObj.mjOBJ_SENSOR.value,
  };
  let current = takeViews(model, data);

  /** Returns the index of a named object; throws when the model lacks it. */
  const indexOf = (kind: keyof typeof objectKinds, name: string): number => {
    const index = mujoco.mj_name2id(model, objectKinds[kind], name);
    if (index < 0) throw new Error(`the model has no ${kind} named "${name}"`);
    return index;
  };

  /**
   * Describes the first kind of solver warning since the last reset; `undefined` when there was none. Read it once per
   * tick, not per substep.
   */
  const warning = (): string | undefined => {
    // The binding owns this vector: deleting it frees it twice.
    const counters = data.warning;
    for (let index = 0; index < counters.size(); index++)
      if ((counters.get(index)?.number ?? 0) > 0) return WARNING_NAMES[index] ?? `warning ${index}`;
    return undefined;
  };

  return {
    timestepSec: model.opt.timestep,
    views: (): SimViews => {
      if (current.qpos.buffer.byteLength === 0) current = takeViews(model, data);
      return current;
    },
    indexOf,
    /** Returns the index of a sensor's first number in `sensorData`. */
    sensorAddress: (name: string): number => model.sensor_adr[indexOf('sensor', name)],
    resetData: () => mujoco.mj_resetData(model, data),
    /** Runs the position and velocity stages. A controller may act after them. */
    stepOne: () => mujoco.mj_step1(model, data),
    /** Runs forces, constraints and integration. */
    stepTwo: () => mujoco.mj_step2(model, data),
    /** Copies the full integration state. */
    saveState: (): Float64Array => {
      mujoco.mj_getState(model, data, stateBuffer, stateSpec);
      return Float64Array.from(stateBuffer.GetView());
    },
    restoreState: (state: Float64Array): void => {
      const view: Float64Array = stateBuffer.GetView();
      view.set(state);
      // The binding's types ask for an array, but it takes any array-like.
      mujoco.mj_setState(model, data, view as unknown as number[], stateSpec);
    },
    warning,
    dispose: () => {
      stateBuffer.delete();
      data.delete();
      model.delete();
    },
  };
}
