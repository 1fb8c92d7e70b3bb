/**
 * TensorFlow.js as a backend, in single precision: evaluates a simplified step node by node with the form in each op's entry.
 * It is meant for `@tensorflow/tfjs-node-gpu`, an optional peer dependency that is loaded by name when asked for. The tests
 * run the same path on the pure-JS package, which checks our gradients by other people's kernels.
 */
import util from 'node:util';
import { type Backend, elementsOf, expectNames, mapValues, storedAs, type TensorValue } from '../backend.ts';
import { isOp, type Node, reachable } from '../ir.ts';
import { opOf } from '../ops/table.ts';
import { simplify } from '../rewrite/simplify.ts';
import type { Step } from '../step.ts';
import { type TensorFlow, type TfTensor, tensorOf } from '../tensorflow.ts';

/** Says why TensorFlow cannot be loaded, and what to do about it. */
export class TensorFlowUnavailable extends Error {
  override readonly name = 'TensorFlowUnavailable';
  readonly remedy: string;
  constructor(message: string, remedy: string, cause?: unknown) {
    super(message, { cause });
    this.remedy = remedy;
  }
}

const GPU_PACKAGE = '@tensorflow/tfjs-node-gpu';

/** Loads the package and waits until it is ready to compute; rejects with TensorFlowUnavailable. */
export async function loadTensorFlow(packageName: string = GPU_PACKAGE): Promise<TensorFlow> {
  putBackRemovedFunctions();
  let tf: TensorFlow;
  try {
    // Typed as the pure-JS package, whose interface it shares; the package itself may not be installed.
    const loaded = (await import(packageName)) as TensorFlow & { readonly default?: TensorFlow };
    tf = loaded.default ?? loaded;
    await tf.ready();
  } catch (error) {
    const reason = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error);
    throw new TensorFlowUnavailable(
      reason.includes(`Cannot find package '${packageName}'`)
        ? `${packageName} is not installed`
        : `${packageName} cannot be loaded: ${reason}`,
      `npm install --no-save ${packageName}@4 (downloads some 400 MB; needs an NVIDIA card with CUDA 11 and cuDNN 8).`,
      error,
    );
  }
  // Only the Node packages have these fields. Without a card they would compute on the processor and say nothing.
  if (Reflect.get(tf.backend(), 'isGPUPackage') === true && Reflect.get(tf.backend(), 'isUsingGpuDevice') === false)
    throw new TensorFlowUnavailable(
      `${packageName} is installed but finds no graphics card it can use`,
      'Install CUDA 11 and cuDNN 8 where the loader finds them (LD_LIBRARY_PATH), or choose the backend onnxruntime-cpu.',
    );
  return tf;
}

/** Puts back functions of `util` that Node 23 has removed and version 4.22 calls. */
function putBackRemovedFunctions(): void {
  const removed = {
    isNullOrUndefined: (value: unknown): boolean => value === undefined || value === null,
    isArray: Array.isArray,
  };
  for (const [name, made] of Object.entries(removed)) if (!(name in util)) Object.assign(util, { [name]: made });
}

export function createTfjsBackend(tf: TensorFlow): Backend {
  return {
    name: `tensorflow ${tf.getBackend()}`,
    compile: async (step) => {
      const { outputs } = simplify(step);
      const evaluations = evaluationOrder(outputs);
      const constants = new Map(
        evaluations.flatMap(({ node }) =>
          isOp(node, 'constant') ? [[node, tf.keep(evaluateNode(tf, [], node))] as const] : [],
        ),
      );
      return {
        run: async (inputs, into = {}) => {
          expectNames(step.inputs, inputs);
          const results = tf.tidy(() => {
            const given = Object.entries(step.inputs).map(([name, node]) => {
              const elements = elementsOf(name, inputs[name]!, node);
              return [node, tensorOf(tf, elements, node.shape, node.dtype)] as const;
            });
            const values = evaluate(tf, evaluations, new Map<Node, TfTensor>([...constants, ...given]));
            return mapValues(outputs, (node) => tf.clone(values(node)));
          });
          try {
            return await readResults(results, step, into);
          } finally {
            tf.dispose(results);
          }
        },
        allocate: (elements) => new Float32Array(elements),
        dispose: async () => {
          for (const constant of constants.values()) constant.dispose();
        },
      };
    },
  };
}

/** A node to evaluate, and the values that nothing needs afterwards. */
interface Evaluation {
  readonly node: Node;
  readonly done: readonly Node[];
}

function evaluationOrder(outputs: Step['outputs']): readonly Evaluation[] {
  const order = reachable(Object.values(outputs));
  const results = new Set(Object.values(outputs));
  const lastUser = new Map<Node, Node>();
  for (const node of order) for (const input of node.inputs) lastUser.set(input, node);
  return order.map((node) => ({
    node,
    done: [...new Set(node.inputs)].filter(
      (input) => lastUser.get(input) === node && !results.has(input) && !isOp(input, 'constant'),
    ),
  }));
}

/** Evaluates all nodes. Frees each value after its last use, so that a long step needs little memory. */
function evaluate(tf: TensorFlow, order: readonly Evaluation[], values: Map<Node, TfTensor>): (node: Node) => TfTensor {
  const known = (node: Node): TfTensor => {
    const value = values.get(node);
    if (!value) throw new Error(`${node.op} has not been evaluated; made at ${node.source}`);
    return value;
  };
  for (const { node, done } of order) {
    if (!values.has(node)) values.set(node, evaluateNode(tf, node.inputs.map(known), node));
    for (const used of done) known(used).dispose();
  }
  return known;
}

/** Frees the intermediate tensors of the op's form. */
const evaluateNode = (tf: TensorFlow, inputs: readonly TfTensor[], node: Node): TfTensor =>
  tf.tidy(() => opOf(node).tensorFlow(tf, inputs, node));

/** Copies the results into memory of our own. */
async function readResults(
  results: Readonly<Record<string, TfTensor>>,
  step: Step,
  into: Readonly<Record<string, TensorValue>>,
): Promise<Record<string, TensorValue>> {
  const read: Record<string, TensorValue> = {};
  for (const [name, tensor] of Object.entries(results)) {
    const { shape, dtype } = step.outputs[name]!;
    const target = into[name];
    if (target) elementsOf(name, target, { shape, dtype });
    const data = await tensor.data();
    if (target?.data instanceof Float32Array) {
      target.data.set(data);
      read[name] = target;
    } else read[name] = { shape, dtype, data: storedAs(data.slice(), dtype) };
  }
  return read;
}
