/**
 * The cell as MJCF: a 7-joint arm on a table, a two-finger gripper with soft pads, one loose object and a socket.
 * The kinematics are the public modified Denavit–Hartenberg numbers of a Franka arm; masses and inertias are estimates.
 * Links carry capsules that collide with table, socket and each other, except neighbours, so that a person cannot drive
 * the arm through the table. `impratio` 100 with elliptic cones keeps the grip from creeping.
 */

export const PHYSICS_HZ = 500;
export const SUBSTEP_MS = 1000 / PHYSICS_HZ;

/** Resting posture, tool pointing down over the table. */
export const HOME_RAD = [0, -0.3, 0, -2.2, 0, 1.9, Math.PI / 4] as const;

const JOINT_RANGE_RAD = [
  [-2.8973, 2.8973],
  [-1.7628, 1.7628],
  [-2.8973, 2.8973],
  [-3.0718, -0.0698],
  [-2.8973, 2.8973],
  [-0.0175, 3.7525],
  [-2.8973, 2.8973],
] as const;
export const JOINT_TORQUE_LIMIT_NM = [87, 87, 87, 87, 12, 12, 12] as const;
export const ARM_JOINTS = 7;
export const JOINT_NAMES = ['joint1', 'joint2', 'joint3', 'joint4', 'joint5', 'joint6', 'joint7'] as const;

/** Offsets into `qpos` and `qvel`: the loose object's free joint comes first, then the arm, then the fingers. */
export const OBJECT_QPOS = 0;
export const ARM_QPOS = 7;
export const FINGER_QPOS = 14;
export const ARM_QVEL = 6;

/** Height of the tool point in the hand's frame; it lies between the pads. */
export const TOOL_OFFSET_M = 0.1034;
export const FINGER_OPEN_M = 0.04;
/** Commanded opening that closes on any object with the actuator's full force. */
export const FINGER_CLOSE_COMMAND_M = -0.01;

export const PEG_HALF_WIDTH_M = 0.008;
export const PEG_LENGTH_M = 0.06;
export const BLOCK_HALF_WIDTH_M = 0.02;
export const HOLE_DEPTH_M = 0.03;
export const SOCKET_HALF_WIDTH_M = 0.035;
/** Gap between peg and hole on each side. */
export const CLEARANCE_M = 0.0005;
/** Distance from the tool point down to the tip of a well-grasped peg. */
export const NOMINAL_TIP_BELOW_TOOL_M = 0.045;

export const PAD_HALF_WIDTH_M = 0.009;
export const PAD_HALF_THICKNESS_M = 0.004;
/** Contacts read per pad, and numbers per contact: found, force[3], distance, position[3], normal[3], tangent[3]. */
export const PAD_CONTACTS = 8;
export const PAD_CONTACT_STRIDE = 14;
/**
 * Sensors of the net force and torque that the first body puts on the second. Each has ten numbers: found, force[3],
 * torque[3], position[3].
 */
export const NET_CONTACT_SENSORS = ['object_socket', 'object_table', 'hand_socket', 'hand_table'] as const;

export type LooseObject = 'peg' | 'block';

function socketXml(): string {
  const holeHalf = PEG_HALF_WIDTH_M + CLEARANCE_M;
  const wallHalf = (SOCKET_HALF_WIDTH_M - holeHalf) / 2;
  const wallCentre = holeHalf + wallHalf;
  const halfHeight = HOLE_DEPTH_M / 2;
  const wall = (x: number, y: number, sizeX: number, sizeY: number) =>
    `<geom class="socket" type="box" pos="${x} ${y} ${halfHeight}" size="${sizeX} ${sizeY} ${halfHeight}"/>`;
  return [
    wall(wallCentre, 0, wallHalf, SOCKET_HALF_WIDTH_M),
    wall(-wallCentre, 0, wallHalf, SOCKET_HALF_WIDTH_M),
    wall(0, wallCentre, holeHalf, wallHalf),
    wall(0, -wallCentre, holeHalf, wallHalf),
  ].join('');
}

function objectXml(object: LooseObject): string {
  const half = object === 'peg' ? PEG_HALF_WIDTH_M : BLOCK_HALF_WIDTH_M;
  const halfHeight = objectHalfHeightM(object);
  return `<geom name="object" class="object" type="box" size="${half} ${half} ${halfHeight}" mass="0.05"/>
    <site name="tip" pos="0 0 ${-halfHeight}" size="0.002"/>`;
}

export function objectHalfHeightM(object: LooseObject): number {
  return object === 'peg' ? PEG_LENGTH_M / 2 : BLOCK_HALF_WIDTH_M;
}

function jointXml(joint: number): string {
  const [low, high] = JOINT_RANGE_RAD[joint - 1] ?? [0, 0];
  return `<joint name="joint${joint}" class="arm" axis="0 0 1" range="${low} ${high}"/>`;
}

function capsule(from: string, to: string, radiusM: number): string {
  return `<geom class="shell" fromto="${from} ${to}" size="${radiusM}"/>`;
}

function fingerXml(side: 'left' | 'right', quaternion: string): string {
  return `<body name="${side}Finger" pos="0 0 0.0584" quat="${quaternion}">
    <inertial pos="0 0.012 0.025" mass="0.05" diaginertia="1e-5 1e-5 1e-5"/><joint name="${side}Finger" class="finger"/>
    <geom name="${side}Pad" class="pad" pos="0 ${PAD_HALF_THICKNESS_M} 0.045"
      size="${PAD_HALF_WIDTH_M} ${PAD_HALF_THICKNESS_M} ${PAD_HALF_WIDTH_M}"/></body>`;
}

/** Pairs of bodies that touch by construction. */
const EXCLUDED_PAIRS = [
  ['base', 'link1'],
  ['base', 'link2'],
  ['link1', 'link3'],
  ['link2', 'link4'],
  ['link3', 'link5'],
  ['link4', 'link6'],
  ['link5', 'link7'],
  ['link5', 'hand'],
  ['link6', 'hand'],
] as const;

export function cellXml(object: LooseObject): string {
  const motors = JOINT_TORQUE_LIMIT_NM.map(
    (limit, index) => `<motor joint="joint${index + 1}" ctrlrange="-${limit} ${limit}"/>`,
  ).join('');
  const excludes = EXCLUDED_PAIRS.map(([one, two]) => `<exclude body1="${one}" body2="${two}"/>`).join('');
  const padSensor = (side: string) =>
    `<contact name="${side}Pad" geom1="${side}Pad" geom2="object" num="${PAD_CONTACTS}"
      data="found force dist pos normal tangent" reduce="maxforce"/>`;
  const net = 'num="1" data="found force torque pos" reduce="netforce"';
  return `<mujoco model="cell">
  <compiler angle="radian" autolimits="true"/>
  <option timestep="${1 / PHYSICS_HZ}" integrator="implicitfast" cone="elliptic" impratio="100" solver="Newton" iterations="50"/>
  <size memory="4M"/>
  <default>
    <default class="arm"><joint armature="0.1" damping="0.5" frictionloss="0.1"/></default>
    <default class="shell"><geom type="capsule" contype="2" conaffinity="2" mass="0"/></default>
    <default class="socket"><geom conaffinity="3" friction="0.25 0.005 0.0001" solref="0.004 1"/></default>
    <default class="object"><geom friction="0.25 0.005 0.0001" solref="0.004 1" condim="4"/></default>
    <default class="finger"><joint type="slide" axis="0 1 0" range="0 ${FINGER_OPEN_M}" armature="0.05" damping="5"/></default>
    <default class="pad"><geom type="box" friction="1.2 0.01 0.0005" condim="4" priority="1"
      solref="0.006 1" solimp=".8 .98 .001" mass="0"/></default>
  </default>
  <worldbody>
    <geom name="table" type="box" pos="0.45 0 -0.02" size="0.5 0.5 0.02" conaffinity="3" friction="0.6 0.005 0.0001"/>
    <body name="socket" pos="0.52 0.1 0">${socketXml()}<site name="hole" pos="0 0 ${HOLE_DEPTH_M}" size="0.002"/></body>
    <body name="object" pos="0.48 -0.1 ${objectHalfHeightM(object)}"><freejoint/>${objectXml(object)}</body>
    <body name="base">${capsule('-0.02 0 0.09', '0 0 0.15', 0.075)}
      <body name="link1" pos="0 0 0.333"><inertial pos="0 -0.03 -0.07" mass="3" diaginertia="0.03 0.03 0.01"/>${jointXml(1)}
        ${capsule('0 0 -0.12', '0 0 0', 0.062)}
        <body name="link2" quat="1 -1 0 0"><inertial pos="0 -0.07 0.03" mass="3" diaginertia="0.03 0.01 0.03"/>${jointXml(2)}
          ${capsule('0 0 0', '0 -0.19 0', 0.06)}
          <body name="link3" pos="0 -0.316 0" quat="1 1 0 0"><inertial pos="0.04 0.03 -0.06" mass="2.7" diaginertia="0.025 0.02 0.01"/>${jointXml(3)}
            ${capsule('0 0 -0.1', '0.0825 0 0', 0.06)}
            <body name="link4" pos="0.0825 0 0" quat="1 1 0 0"><inertial pos="-0.04 0.06 0.03" mass="2.7" diaginertia="0.02 0.01 0.025"/>${jointXml(4)}
              ${capsule('0 0 0', '-0.0825 0.12 0', 0.058)}
              <body name="link5" pos="-0.0825 0.384 0" quat="1 -1 0 0"><inertial pos="0 0.04 -0.12" mass="3" diaginertia="0.035 0.03 0.008"/>${jointXml(5)}
                ${capsule('0 0 -0.22', '0 0 0', 0.052)}
                <body name="link6" quat="1 1 0 0"><inertial pos="0.05 -0.01 0" mass="1.6" diaginertia="0.004 0.006 0.006"/>${jointXml(6)}
                  ${capsule('0 0 0', '0.088 0 0', 0.048)}
                  <body name="link7" pos="0.088 0 0" quat="1 1 0 0"><inertial pos="0.01 0.01 0.06" mass="0.7" diaginertia="0.002 0.002 0.001"/>${jointXml(7)}
                    ${capsule('0 0 0.03', '0 0 0.07', 0.044)}
                    <body name="hand" pos="0 0 0.107" quat="0.9238795 0 0 -0.3826834">
                      <inertial pos="0 0 0.03" mass="0.73" diaginertia="0.001 0.0025 0.0017"/>
                      <geom name="handBox" type="box" contype="3" conaffinity="3" pos="0 0 0.033" size="0.02 0.1 0.033" mass="0"/>
                      <site name="tool" pos="0 0 ${TOOL_OFFSET_M}" size="0.004"/>
                      ${fingerXml('left', '1 0 0 0')}${fingerXml('right', '0 0 0 1')}
                    </body></body></body></body></body></body></body></body>
    </body>
  </worldbody>
  <contact>${excludes}</contact>
  <equality><joint joint1="leftFinger" joint2="rightFinger" solref="0.005 1"/></equality>
  <actuator>${motors}
    <position joint="leftFinger" kp="2000" kv="60" ctrlrange="-0.02 ${FINGER_OPEN_M}" forcerange="-35 35"/>
    <position joint="rightFinger" kp="2000" kv="60" ctrlrange="-0.02 ${FINGER_OPEN_M}" forcerange="-35 35"/>
  </actuator>
  <sensor>
    ${padSensor('left')}${padSensor('right')}
    <contact name="object_socket" body1="object" body2="socket" ${net}/>
    <contact name="object_table" body1="object" geom2="table" ${net}/>
    <contact name="hand_socket" subtree1="hand" body2="socket" ${net}/>
    <contact name="hand_table" subtree1="hand" geom2="table" ${net}/>
  </sensor>
</mujoco>`;
}

/** Bodies that a picture shows, in the order of `SceneShapes.bodies` and of `ScenePoses`. */
export const SCENE_BODIES = [
  'world',
  'base',
  'link1',
  'link2',
  'link3',
  'link4',
  'link5',
  'link6',
  'link7',
  'hand',
  'leftFinger',
  'rightFinger',
  'socket',
  'peg',
  'block',
] as const;
export type SceneBody = (typeof SCENE_BODIES)[number];
/** Height at which a body that is not in the scene is parked: below the table, where it is not drawn. */
export const PARKED_HEIGHT_M = -1;
