/**
 * The look of the cell as data, which the cameras and the window draw: off-white arm with dark seam rings, dark
 * gripper, yellow peg and block, blue socket, matt table. Own shapes, no trade mark. Body frames are those of the
 * physics model.
 */
import type { Body, Material, Part, SceneShapes } from '../../../main/api/window/shapes.ts';
import {
  BLOCK_HALF_WIDTH_M,
  CLEARANCE_M,
  HOLE_DEPTH_M,
  PAD_HALF_WIDTH_M,
  PEG_HALF_WIDTH_M,
  PEG_LENGTH_M,
  SCENE_BODIES,
  type SceneBody,
  SOCKET_HALF_WIDTH_M,
  TOOL_OFFSET_M,
} from '../physics/model.ts';
import { PAD_CENTRE_M, PAD_NAMES } from '../physics/tactile.ts';
import { box, dome, drum, lookAt, neck, part, roundedBox } from './look-solids.ts';

const MATERIALS: readonly Material[] = [
  { name: 'shell', color: [0.66, 0.665, 0.66], roughness: 0.42, metalness: 0 },
  { name: 'seam', color: [0.028, 0.031, 0.036], roughness: 0.55, metalness: 0.1 },
  { name: 'graphite', color: [0.075, 0.08, 0.09], roughness: 0.5, metalness: 0.25 },
  { name: 'accent', color: [0.02, 0.2, 0.24], roughness: 0.4, metalness: 0.1 },
  { name: 'steel', color: [0.42, 0.43, 0.45], roughness: 0.32, metalness: 0.8 },
  { name: 'rubber', color: [0.018, 0.018, 0.02], roughness: 0.85, metalness: 0 },
  { name: 'table', color: [0.175, 0.168, 0.158], roughness: 0.9, metalness: 0 },
  { name: 'peg', color: [0.86, 0.45, 0.025], roughness: 0.45, metalness: 0 },
  { name: 'socket', color: [0.035, 0.13, 0.43], roughness: 0.5, metalness: 0 },
  { name: 'socketFloor', color: [0.008, 0.022, 0.07], roughness: 0.9, metalness: 0 },
  { name: 'plate', color: [0.55, 0.56, 0.57], roughness: 0.6, metalness: 0.2 },
];

const QUARTER = Math.PI / 2;

/** Makes a joint housing about the body's z axis: a drum, seam rings near both ends and a domed cap on each end. */
function housing(radius: number, halfLength: number): Part[] {
  const capAt = halfLength - 0.002;
  const rings = [-1, 1].map((side) => {
    const z = side * (halfLength - 0.013);
    return part('seam', drum(radius + 0.0008, z - 0.0018, z + 0.0018, 0.0008));
  });
  const caps = [0, Math.PI].flatMap((turn) => [
    part('shell', dome(radius - 0.008, capAt, 0.007), [0, 0, 0], [turn, 0, 0]),
    part('seam', drum(radius * 0.56, capAt + 0.003, capAt + 0.0066, 0.001), [0, 0, 0], [turn, 0, 0]),
    part('accent', dome(radius * 0.5, capAt + 0.0064, 0.0022), [0, 0, 0], [turn, 0, 0]),
  ]);
  return [part('shell', drum(radius, -halfLength, halfLength, 0.012)), ...rings, ...caps];
}

/** Turns parts about the body's z axis to lie about its y axis, and moves them. */
function crosswise(parts: readonly Part[], x = 0, y = 0, z = 0): Part[] {
  const sine = Math.SQRT1_2;
  return parts.map(({ bodyFromPart, ...rest }) => {
    const [px, py, pz] = bodyFromPart.positionM;
    const [qx, qy, qz, qw] = bodyFromPart.orientation;
    // A quarter turn about x, then the part's own pose.
    return {
      ...rest,
      bodyFromPart: {
        positionM: [px + x, -pz + y, py + z] as const,
        orientation: [
          sine * qx + sine * qw,
          sine * qy - sine * qz,
          sine * qz + sine * qy,
          sine * qw - sine * qx,
        ] as const,
      },
    };
  });
}

function seamRing(radius: number, z: number): Part {
  return part('seam', drum(radius, z - 0.0035, z + 0.0035, 0.0015));
}

const fingerParts: readonly Part[] = [
  part('graphite', roundedBox([0.02, 0.018, 0.03], 0.004), [0, 0.017, 0.012]),
  part('steel', roundedBox([0.017, 0.009, 0.034], 0.003), [0, 0.0125, 0.036]),
  part('graphite', roundedBox([0.0195, 0.006, 0.0205], 0.002), [0, 0.0088, 0.0452]),
  part('rubber', roundedBox([2 * PAD_HALF_WIDTH_M, 0.007, 2 * PAD_HALF_WIDTH_M], 0.0022), [0, 0.0035, 0.045]),
];

function socketParts(): Part[] {
  const holeHalf = PEG_HALF_WIDTH_M + CLEARANCE_M;
  const wall = SOCKET_HALF_WIDTH_M - holeHalf;
  const centre = holeHalf + wall / 2;
  const width = 2 * SOCKET_HALF_WIDTH_M;
  const z = HOLE_DEPTH_M / 2;
  return [
    part('socket', box([wall, width, HOLE_DEPTH_M]), [centre, 0, z]),
    part('socket', box([wall, width, HOLE_DEPTH_M]), [-centre, 0, z]),
    part('socket', box([2 * holeHalf, wall, HOLE_DEPTH_M]), [0, centre, z]),
    part('socket', box([2 * holeHalf, wall, HOLE_DEPTH_M]), [0, -centre, z]),
    part('socketFloor', box([2 * holeHalf, 2 * holeHalf, 0.003]), [0, 0, 0.002]),
    part('plate', roundedBox([0.1, 0.1, 0.004], 0.0015), [0, 0, 0.001]),
  ];
}

const PARTS: Readonly<Record<SceneBody, readonly Part[]>> = {
  world: [part('table', box([1, 1, 0.04]), [0.45, 0, -0.0201])],
  base: [
    part('graphite', roundedBox([0.25, 0.2, 0.016], 0.006), [-0.035, 0, 0.008]),
    part('shell', roundedBox([0.16, 0.15, 0.075], 0.03), [-0.068, 0, 0.05]),
    part('shell', neck(0.092, 0.014, 0.069, 0.15)),
    part('shell', drum(0.069, 0.14, 0.197, 0.006)),
    part('accent', drum(0.0698, 0.172, 0.178, 0.002)),
    seamRing(0.067, 0.2),
  ],
  link1: [part('shell', neck(0.066, -0.13, 0.061, -0.03)), ...crosswise(housing(0.066, 0.07))],
  link2: [
    part('shell', neck(0.06, 0.0, 0.0565, 0.196), [0, 0, 0], [QUARTER, 0, 0]),
    part('seam', drum(0.0575, 0.193, 0.2, 0.0015), [0, 0, 0], [QUARTER, 0, 0]),
  ],
  link3: [
    part('shell', neck(0.0565, -0.116, 0.055, -0.03)),
    part('shell', dome(0.055, -0.03, 0.045)),
    part('shell', roundedBox([0.12, 0.09, 0.1], 0.042), [0.042, 0, -0.004]),
    ...crosswise(housing(0.06, 0.06), 0.0825),
  ],
  link4: [
    part('shell', roundedBox([0.125, 0.12, 0.098], 0.044), [-0.045, 0.028, 0]),
    part('shell', neck(0.053, 0.04, 0.054, 0.152), [-0.0825, 0, 0], [-QUARTER, 0, 0]),
    part('shell', dome(0.053, -0.04, 0.04), [-0.0825, 0, 0], [QUARTER, 0, 0]),
    part('seam', drum(0.0548, 0.15, 0.157, 0.0015), [-0.0825, 0, 0], [-QUARTER, 0, 0]),
  ],
  link5: [
    part('shell', neck(0.054, -0.227, 0.045, -0.04)),
    part('shell', dome(0.045, -0.04, 0.035)),
    part('shell', roundedBox([0.06, 0.052, 0.165], 0.022), [0, 0.032, -0.098]),
    ...crosswise(housing(0.05, 0.052)),
  ],
  link6: [
    part('shell', roundedBox([0.105, 0.082, 0.088], 0.036), [0.046, 0, 0]),
    part('shell', drum(0.048, -0.05, 0.05, 0.018), [0.088, 0, 0], [QUARTER, 0, 0]),
    part('seam', drum(0.0487, -0.0535, -0.0465, 0.0015), [0.088, 0, 0], [-QUARTER, 0, 0]),
  ],
  link7: [
    seamRing(0.0462, 0.054),
    part('shell', neck(0.046, 0.057, 0.04, 0.094)),
    part('accent', drum(0.0408, 0.088, 0.0925, 0.0015)),
    part('steel', drum(0.034, 0.09, 0.109, 0.002)),
  ],
  hand: [
    part('graphite', drum(0.036, -0.001, 0.01, 0.002)),
    part('shell', roundedBox([0.046, 0.2, 0.056], 0.018), [0, 0, 0.034]),
    part('graphite', roundedBox([0.034, 0.182, 0.012], 0.004), [0, 0, 0.0615]),
    part('accent', roundedBox([0.0468, 0.03, 0.004], 0.0018), [0, 0, 0.034]),
    part('graphite', roundedBox([0.05, 0.024, 0.008], 0.003), [0.04, 0, 0.012]),
    part('rubber', roundedBox([0.02, 0.034, 0.024], 0.006), [0.072, 0, 0.012]),
  ],
  leftFinger: fingerParts,
  rightFinger: fingerParts,
  socket: socketParts(),
  peg: [part('peg', roundedBox([2 * PEG_HALF_WIDTH_M, 2 * PEG_HALF_WIDTH_M, PEG_LENGTH_M], 0.0012))],
  block: [part('peg', roundedBox([2 * BLOCK_HALF_WIDTH_M, 2 * BLOCK_HALF_WIDTH_M, 2 * BLOCK_HALF_WIDTH_M], 0.0025))],
};

const bodies: readonly Body[] = SCENE_BODIES.map((name) => ({
  name,
  parts: PARTS[name],
  castsShadow: name !== 'world',
}));

export const CELL_SHAPES: SceneShapes = {
  materials: MATERIALS,
  bodies,
  cameras: [
    {
      name: 'side',
      body: 'world',
      bodyFromCamera: lookAt([0.98, -0.42, 0.38], [0.5, 0, 0.05], [0, 0, 1]),
      verticalFovRad: (26 * Math.PI) / 180,
    },
    {
      name: 'wrist',
      body: 'hand',
      bodyFromCamera: lookAt([0.09, 0, 0.03], [0.004, 0, 0.135], [1, 0, 0]),
      verticalFovRad: (50 * Math.PI) / 180,
    },
  ],
  tactile: PAD_NAMES.map((pad) => ({
    pad,
    body: `${pad}Finger`,
    bodyFromPad: { positionM: PAD_CENTRE_M, orientation: [0, 0, 0, 1] as const },
    sizeM: [2 * PAD_HALF_WIDTH_M, 2 * PAD_HALF_WIDTH_M] as const,
  })),
  tool: { body: 'hand', bodyFromTool: { positionM: [0, 0, TOOL_OFFSET_M], orientation: [0, 0, 0, 1] } },
};
