/**
 * EfficientNet-lite0 (Tan & Le 2019, arXiv 1905.11946; the lite variant of its released code, without squeeze-and-excitation,
 * with ReLU6) up to its last map of stride 16, pooled to half its size, as an ONNX model. Batch norms are folded into the
 * convolutions, and the model normalises the picture itself: (level − 127) / 128. Padding on strides of 2 is TensorFlow's
 * `SAME` for even sizes: one row and column more at the end than at the beginning.
 */
import { ELEMENT_TYPE, encodeModel, type OnnxNode, type OnnxTensor } from '../../tensor/onnx/proto.ts';

export const BACKBONE_INPUT = 'picture';
export const BACKBONE_OUTPUT = 'map';
/** Side of the picture; other sides that 32 divides would do. */
export const BACKBONE_SIDE_PX = 128;
/** 112 channels over 8 × 8 places, pooled to 4 × 4. */
export const BACKBONE_MAP = { channels: 112, height: 4, width: 4 } as const;

const CENTRE_LEVEL = 127;
const LEVELS_PER_UNIT = 128;
const RELU_MAX = 6;
const STEM_CHANNELS = 32;
const POOL = 2;

interface Stage {
  readonly blocks: number;
  readonly kernel: number;
  /** Stride of the first block; the others have 1. */
  readonly stride: number;
  /** Factor from a block's channels to those of its depthwise convolution. */
  readonly expansion: number;
  readonly channels: number;
}

/** The stages down to stride 16. */
const STAGES: readonly Stage[] = [
  { blocks: 1, kernel: 3, stride: 1, expansion: 1, channels: 16 },
  { blocks: 2, kernel: 3, stride: 2, expansion: 6, channels: 24 },
  { blocks: 2, kernel: 5, stride: 2, expansion: 6, channels: 40 },
  { blocks: 3, kernel: 3, stride: 2, expansion: 6, channels: 80 },
  { blocks: 3, kernel: 5, stride: 1, expansion: 6, channels: BACKBONE_MAP.channels },
];

/** One convolution of the network, in the order in which it runs. */
export interface ConvLayer {
  /** Names of the kernel and of the batch norm in the released checkpoint. */
  readonly name: string;
  readonly norm: string;
  /** [outputs, inputs / groups, kernel, kernel] */
  readonly shape: readonly [number, number, number, number];
  readonly stride: number;
  readonly depthwise: boolean;
  readonly relu: boolean;
  /** `begins` a block that adds its input to its result, `ends` one. */
  readonly residual?: 'begins' | 'ends';
}

export const EFFICIENTNET_LITE0: readonly ConvLayer[] = layers();

function layers(): ConvLayer[] {
  const stem: ConvLayer = {
    ...{ name: '_conv_stem', norm: '_bn0', shape: [STEM_CHANNELS, 3, 3, 3], stride: 2, depthwise: false, relu: true },
  };
  const result = [stem];
  let [channels, block] = [STEM_CHANNELS, 0];
  for (const { blocks, kernel, stride, expansion, channels: outputs } of STAGES)
    for (let index = 0; index < blocks; index++, block++) {
      result.push(
        ...blockOf(block, { inputs: channels, outputs, expansion, kernel, stride: index === 0 ? stride : 1 }),
      );
      channels = outputs;
    }
  return result;
}

interface Block {
  readonly inputs: number;
  readonly outputs: number;
  readonly expansion: number;
  readonly kernel: number;
  readonly stride: number;
}

function blockOf(number: number, { inputs, outputs, expansion, kernel, stride }: Block): ConvLayer[] {
  const at = (part: string) => `_blocks.${number}.${part}`;
  const wide = inputs * expansion;
  const isResidual = stride === 1 && inputs === outputs;
  const expand: ConvLayer = {
    ...{ name: at('_expand_conv'), norm: at('_bn0'), shape: [wide, inputs, 1, 1], stride: 1 },
    ...{ depthwise: false, relu: true },
    ...(isResidual && { residual: 'begins' }),
  };
  const depthwise: ConvLayer = {
    ...{ name: at('_depthwise_conv'), norm: at('_bn1'), shape: [wide, 1, kernel, kernel], stride },
    ...{ depthwise: true, relu: true },
  };
  const project: ConvLayer = {
    ...{ name: at('_project_conv'), norm: at('_bn2'), shape: [outputs, wide, 1, 1], stride: 1 },
    ...{ depthwise: false, relu: false },
    ...(isResidual && { residual: 'ends' }),
  };
  return [...(expansion > 1 ? [expand] : []), depthwise, project];
}

/** A convolution with the batch norm folded into it. */
export interface FoldedConv {
  readonly kernel: ArrayLike<number>;
  /** [outputs] */
  readonly bias: ArrayLike<number>;
}

/** The model: `picture` float32 [1, 3, 128, 128] → `map` [1, 112, 4, 4]. Weights are stored as float16. */
export function backboneModel(
  weightsOf: (layer: ConvLayer) => FoldedConv,
  about: { readonly name: string; readonly source: string },
): Uint8Array {
  const nodes: OnnxNode[] = [];
  const initializers: OnnxTensor[] = [];
  const then = (opType: string, inputs: readonly string[], name: string, ints: OnnxNode['ints'] = {}) => {
    nodes.push({ opType, inputs, outputs: [name], ints });
    return name;
  };
  const number = (name: string, value: number) => {
    initializers.push({ name, shape: [], dtype: 'float32', values: [value] });
    return name;
  };
  const weight = (name: string, shape: readonly number[], values: ArrayLike<number>) => {
    initializers.push({ name: `${name}.stored`, shape, dtype: 'float16', values });
    return then('Cast', [`${name}.stored`], name, { to: ELEMENT_TYPE.float32 });
  };
  const limits = [number('zero', 0), number('six', RELU_MAX)];
  const centred = then('Sub', [BACKBONE_INPUT, number('centre', CENTRE_LEVEL)], 'centred');
  let x = then('Div', [centred, number('unit', LEVELS_PER_UNIT)], 'normal');
  let before = x;
  for (const layer of EFFICIENTNET_LITE0) {
    const { name, shape, stride, depthwise, relu, residual } = layer;
    const [outputs, , kernel] = shape;
    if (residual === 'begins') before = x;
    const { kernel: values, bias } = weightsOf(layer);
    const operands = [x, weight(`${name}.kernel`, shape, values), weight(`${name}.bias`, [outputs], bias)];
    const [start, end] = paddingOf(kernel, stride);
    x = then('Conv', operands, name, {
      ...{ kernel_shape: [kernel, kernel], strides: [stride, stride], pads: [start, start, end, end] },
      group: depthwise ? outputs : 1,
    });
    if (relu) x = then('Clip', [x, ...limits], `${name}.relu6`);
    if (residual === 'ends') x = then('Add', [x, before], `${name}.sum`);
  }
  then('AveragePool', [x], BACKBONE_OUTPUT, { kernel_shape: [POOL, POOL], strides: [POOL, POOL] });
  const { channels, height, width } = BACKBONE_MAP;
  return encodeModel({
    ...{ name: about.name, docString: '', producer: 'takeover', opsets: { '': 18 } },
    ...{ metadata: { source: about.source }, nodes, initializers },
    inputs: [{ name: BACKBONE_INPUT, shape: [1, 3, BACKBONE_SIDE_PX, BACKBONE_SIDE_PX], dtype: 'float32' }],
    outputs: [{ name: BACKBONE_OUTPUT, shape: [1, channels, height, width], dtype: 'float32' }],
  });
}

/** Rows of zeros before and after the picture. */
function paddingOf(kernel: number, stride: number): readonly [start: number, end: number] {
  const total = stride === 2 ? kernel - 2 : kernel - 1;
  return [Math.floor(total / 2), Math.ceil(total / 2)];
}
