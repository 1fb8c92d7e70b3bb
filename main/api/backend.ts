/**
 * What computes a training run: a library and the processor that it uses. A choice of the person who starts the run; nothing else
 * stands in for what is not there.
 */
import { z } from 'zod';

export const backendSchema = z.enum(['onnxruntime-cpu', 'onnxruntime-webgpu', 'onnxruntime-cuda', 'tensorflow']);
export type BackendName = z.infer<typeof backendSchema>;
export const DEFAULT_BACKEND: BackendName = 'onnxruntime-cpu';

export interface BackendFacts {
  /** Where there is room for a word or two. */
  readonly short: string;
  /** For people. */
  readonly title: string;
  /** What to do where it does not work. */
  readonly remedy: string;
}

export const BACKENDS: Readonly<Record<BackendName, BackendFacts>> = {
  'onnxruntime-cpu': {
    short: 'Processor',
    title: 'ONNX Runtime on the processor',
    remedy: 'It comes with the program: install the dependencies again with npm ci.',
  },
  'onnxruntime-webgpu': {
    short: 'Graphics card, WebGPU',
    title: 'ONNX Runtime on a graphics card, by WebGPU',
    remedy:
      "It comes with the program and needs a graphics driver: on Linux Vulkan (libvulkan1 and the card's own driver, such as mesa-vulkan-drivers), on macOS Metal, on Windows D3D12.",
  },
  'onnxruntime-cuda': {
    short: 'NVIDIA card, CUDA',
    title: 'ONNX Runtime on an NVIDIA card, by CUDA',
    remedy:
      'Linux x64 with an NVIDIA driver, CUDA 12 and cuDNN 9. Add the provider with: ONNXRUNTIME_NODE_INSTALL=true node node_modules/onnxruntime-node/script/install.js (fetches some hundred MB from nuget.org).',
  },
  tensorflow: {
    short: 'NVIDIA card, TensorFlow',
    title: 'TensorFlow on an NVIDIA card, by tfjs-node-gpu',
    remedy:
      'npm install --no-save @tensorflow/tfjs-node-gpu@4 downloads some 400 MB; it needs an NVIDIA driver, CUDA 11 and cuDNN 8.',
  },
};
