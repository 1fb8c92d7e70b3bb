/**
 * A small residual trunk for one camera, after HIL-SERL's ResNet-10 (He et al. 2016), narrow enough for a processor
 * core. GroupNorm with 4 groups replaces batch normalisation. After a stem convolution, each stage is one block that
 * halves the sides; a 1 × 1 convolution then keeps a few channels.
 *   block: ReLU( GN(conv₃ₓ₃(ReLU(GN(conv₃ₓ₃ₛ₂(x))))) + GN(conv₁ₓ₁ₛ₂(x)) )
 * Differs from ResNet-10: no max pooling, because a strided convolution costs less and has a plainer gradient; the result is
 * normalised once more, so that it can be stored as it is. Letters: B batch, C channels, S side of the picture.
 */
import type { Node } from '../../tensor/ir.ts';
import { add, conv2d, relu } from '../../tensor/tensor.ts';
import { groupNorm, groupNormParameters } from './group-norm.ts';
import type { ParameterSpec, Parameters } from './parameters.ts';

export interface ConvTrunkSpec {
  /** Prefix of its parameters' names. */
  readonly name: string;
  /** S; pictures are square and have three colours. */
  readonly sizePx: number;
  /** Kernel of the stem, which halves the sides, or divides them by its `stride`. */
  readonly stem: { readonly kernel: number; readonly channels: number; readonly stride?: number };
  /** Channels of each stage; each halves the sides. */
  readonly stages: readonly number[];
  /** Channels of the result. */
  readonly channels: number;
  /** Number of groups in every normalisation. */
  readonly groups: number;
}

const COLOURS = 3;

/** Side of the resulting map. */
export function trunkMapSize({ sizePx, stem, stages }: ConvTrunkSpec): number {
  return stages.reduce((size) => Math.ceil(size / 2), Math.ceil(sizePx / (stem.stride ?? 2)));
}

function convolutionParameters(prefix: string, from: number, to: number, kernel: number): ParameterSpec[] {
  const taps = kernel * kernel;
  return [
    { name: `${prefix}.kernel`, shape: [to, from, kernel, kernel], initial: { fanIn: from * taps, fanOut: to * taps } },
    ...groupNormParameters(prefix, to),
  ];
}

export function convTrunkParameters(spec: ConvTrunkSpec): ParameterSpec[] {
  const { name, stem, stages, channels } = spec;
  return [
    ...convolutionParameters(`${name}.stem`, COLOURS, stem.channels, stem.kernel),
    ...stages.flatMap((width, stage) => {
      const [prefix, from] = [`${name}.stage ${stage}`, stages[stage - 1] ?? stem.channels];
      return [
        ...convolutionParameters(`${prefix}.first`, from, width, 3),
        ...convolutionParameters(`${prefix}.second`, width, width, 3),
        ...convolutionParameters(`${prefix}.shortcut`, from, width, 1),
      ];
    }),
    ...convolutionParameters(`${name}.out`, stages.at(-1) ?? stem.channels, channels, 1),
  ];
}

/** Pictures x [B, 3, S, S], colours about −1 … 1 → maps [B, C, S′, S′], S′ = `trunkMapSize`. */
export function convTrunk(parameters: Parameters, spec: ConvTrunkSpec, x: Node): Node {
  /** GN(conv(x)) without a bias, which the normalisation would remove. */
  const normalised = (prefix: string, from: Node, stride: number) => {
    const kernel = parameters(`${prefix}.kernel`);
    const padding = (kernel.shape[2]! - 1) / 2;
    return groupNorm(parameters, prefix, spec.groups, conv2d(from, kernel, { stride, padding }));
  };
  let maps = relu(normalised(`${spec.name}.stem`, x, spec.stem.stride ?? 2));
  for (const stage of spec.stages.keys()) {
    const prefix = `${spec.name}.stage ${stage}`;
    const first = relu(normalised(`${prefix}.first`, maps, 2));
    maps = relu(add(normalised(`${prefix}.second`, first, 1), normalised(`${prefix}.shortcut`, maps, 2)));
  }
  return relu(normalised(`${spec.name}.out`, maps, 1));
}
