/**
 * Forces on the gripper, from MuJoCo's contact sensors: the net external wrench about the tool point and, per pad, the
 * totals of the force between pad and object. Both pass a first-order low-pass of 15 ms, as in a real sensor, so they
 * are part of the saved state. Wrench in the base frame; pad totals in the pad's frame, which x and z span and y
 * leaves.
 */
import { NET_CONTACT_SENSORS, PAD_CONTACT_STRIDE, PAD_CONTACTS } from './model.ts';
import type { SimModel, SimViews } from './mujoco.ts';

const TIME_CONSTANT_SEC = 0.015;
const PAD_TOTALS = 4;
/** Number of sensors, the first ones, that count only while the object is in the gripper. */
const OBJECT_SENSORS = 2;
const PADS = ['leftPad', 'rightPad'] as const;

export type Sensing = ReturnType<typeof createSensing>;

export function createSensing(sim: SimModel) {
  const toolSite = sim.indexOf('site', 'tool') * 3;
  const netSensors = NET_CONTACT_SENSORS.map((name) => sim.sensorAddress(name));
  const padSensors = PADS.map((name) => sim.sensorAddress(name));
  const padGeoms = PADS.map((name) => sim.indexOf('geom', name));
  const blend = 1 - Math.exp(-sim.timestepSec / TIME_CONSTANT_SEC);

  const filtered = new Float64Array(6 + PADS.length * PAD_TOTALS);
  const wrench = filtered.subarray(0, 6);
  const padTotals = filtered.subarray(6);
  const instant = new Float64Array(filtered.length);
  return {
    /** Reads the contacts that the last step solved and filters them. */
    update: (): void => {
      instant.fill(0);
      const views = sim.views();
      const { sensorData } = views;
      const gripped = sensorData[padSensors[0]!]! > 0 && sensorData[padSensors[1]!]! > 0;
      for (let sensor = 0; sensor < netSensors.length; sensor++)
        if (gripped || sensor >= OBJECT_SENSORS) addNetContact(views, netSensors[sensor]!, toolSite, instant);
      for (let pad = 0; pad < padSensors.length; pad++)
        addPadContacts(views, padSensors[pad]!, padGeoms[pad]!, 6 + pad * PAD_TOTALS, instant);
      for (let index = 0; index < filtered.length; index++)
        filtered[index]! += blend * (instant[index]! - filtered[index]!);
    },
    /** Force and torque about the tool point, base frame. */
    wrench,
    /** [pad][normal force, shear x, shear z, torsion]. */
    padTotals,
    save: () => filtered.slice(),
    restore: (state: Float64Array) => filtered.set(state),
    clear: () => filtered.fill(0),
  };
}

/** Adds the force and torque about the tool point of one net contact sensor. */
function addNetContact(
  { sensorData, sitePosition }: SimViews,
  address: number,
  toolSite: number,
  instant: Float64Array,
): void {
  if (!(sensorData[address]! > 0)) return;
  // The sensor gives the force of its first object on its second, and the tool feels the opposite.
  const fx = -sensorData[address + 1]!;
  const fy = -sensorData[address + 2]!;
  const fz = -sensorData[address + 3]!;
  const armX = sensorData[address + 7]! - sitePosition[toolSite]!;
  const armY = sensorData[address + 8]! - sitePosition[toolSite + 1]!;
  const armZ = sensorData[address + 9]! - sitePosition[toolSite + 2]!;
  instant[0]! += fx;
  instant[1]! += fy;
  instant[2]! += fz;
  instant[3]! += armY * fz - armZ * fy - sensorData[address + 4]!;
  instant[4]! += armZ * fx - armX * fz - sensorData[address + 5]!;
  instant[5]! += armX * fy - armY * fx - sensorData[address + 6]!;
}

/** Adds one pad's contacts to its totals, which begin at `out`. */
function addPadContacts(
  { sensorData, geomPosition, geomRotation }: SimViews,
  address: number,
  geom: number,
  out: number,
  instant: Float64Array,
): void {
  const count = Math.min(PAD_CONTACTS, sensorData[address]!);
  const axisX = geom * 9;
  for (let contact = 0; contact < count; contact++) {
    const at = address + contact * PAD_CONTACT_STRIDE;
    const normalX = sensorData[at + 8]!;
    const normalY = sensorData[at + 9]!;
    const normalZ = sensorData[at + 10]!;
    const tangentX = sensorData[at + 11]!;
    const tangentY = sensorData[at + 12]!;
    const tangentZ = sensorData[at + 13]!;
    const normalForce = sensorData[at + 1]!;
    const tangentForce = sensorData[at + 2]!;
    const sideForce = sensorData[at + 3]!;
    const forceX =
      normalX * normalForce + tangentX * tangentForce + (normalY * tangentZ - normalZ * tangentY) * sideForce;
    const forceY =
      normalY * normalForce + tangentY * tangentForce + (normalZ * tangentX - normalX * tangentZ) * sideForce;
    const forceZ =
      normalZ * normalForce + tangentZ * tangentForce + (normalX * tangentY - normalY * tangentX) * sideForce;
    const offsetX = sensorData[at + 5]! - geomPosition[geom * 3]!;
    const offsetY = sensorData[at + 6]! - geomPosition[geom * 3 + 1]!;
    const offsetZ = sensorData[at + 7]! - geomPosition[geom * 3 + 2]!;
    // Columns of the rotation are the pad's axes.
    const m = geomRotation;
    const shearX = m[axisX]! * forceX + m[axisX + 3]! * forceY + m[axisX + 6]! * forceZ;
    const pressure = m[axisX + 1]! * forceX + m[axisX + 4]! * forceY + m[axisX + 7]! * forceZ;
    const shearZ = m[axisX + 2]! * forceX + m[axisX + 5]! * forceY + m[axisX + 8]! * forceZ;
    const armX = m[axisX]! * offsetX + m[axisX + 3]! * offsetY + m[axisX + 6]! * offsetZ;
    const armZ = m[axisX + 2]! * offsetX + m[axisX + 5]! * offsetY + m[axisX + 8]! * offsetZ;
    instant[out]! += Math.abs(pressure);
    // The sensor gives the force of the pad on the object, and the pad feels the opposite.
    instant[out + 1]! -= shearX;
    instant[out + 2]! -= shearZ;
    instant[out + 3]! -= armZ * shearX - armX * shearZ;
  }
}
