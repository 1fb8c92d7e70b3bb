/** A policy that wants nothing: for measuring the loop around it. */
import type { PolicySource } from '../../main/engine/policy-source.ts';

export function stillPolicy(): PolicySource {
  return {
    name: () => 'still',
    encoderSha256: () => undefined,
    load: async () => ({ kind: 'loaded', name: 'still', actingNoiseStd: 0, encoderSha256: undefined }),
    startEpisode: () => {},
    propose: async () => ({
      kind: 'proposal',
      action: new Float32Array(7),
      embedding: new Float32Array(384),
      computeMs: 0,
      saturation: 0,
    }),
    onTrouble: () => () => {},
    close: async () => {},
  };
}
