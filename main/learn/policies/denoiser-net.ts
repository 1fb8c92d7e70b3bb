/** The network that diffusion and flow share: (x, progress, features) → K · U numbers. The features' share is computed once. */
import type { Node } from '../../tensor/ir.ts';
import { reshape } from '../../tensor/tensor.ts';
import { type MlpSpec, mlp, mlpParameters, project } from '../nets/mlp.ts';
import type { ParameterSpec, Parameters } from '../nets/parameters.ts';
import { progressEmbedding, TIME_FEATURES, timeEmbeddingParameters } from '../nets/time-embedding.ts';
import { ACTOR, chunkSize, type HeadFrame } from './head.ts';

const TIME = `${ACTOR}.time`;

interface DenoiserNet {
  readonly parameters: readonly ParameterSpec[];
  /** `features` [B, D] → a function of x [B, K, U] and `progress` [B, 1] or [1, 1] in [0, 1] → [B, K, U]. */
  at(parameters: Parameters, features: Node): (x: Node, progress: Node) => Node;
}

export function denoiserNet(frame: HeadFrame): DenoiserNet {
  const size = chunkSize(frame);
  const inputs = [
    { name: 'action', size },
    { name: 'time', size: TIME_FEATURES },
    { name: 'observation', size: frame.features },
  ];
  const net: MlpSpec = { name: ACTOR, inputs, hidden: frame.hidden, output: size };
  return {
    parameters: [...timeEmbeddingParameters(TIME), ...mlpParameters(net)],
    at: (parameters, features) => {
      const share = project(parameters, net, 'observation', features);
      return (x, progress) => {
        const raw = mlp(parameters, net, [
          share,
          project(parameters, net, 'action', reshape(x, [x.shape[0]!, size])),
          project(parameters, net, 'time', progressEmbedding(parameters, TIME, progress)),
        ]);
        return reshape(raw, x.shape);
      };
    },
  };
}
