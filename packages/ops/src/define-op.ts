import * as tf from '@tensorflow/tfjs-core';
import { addMultiplyAdds } from './count-multiply-adds.js';
import { shouldUseComposition } from './debug-flags.js';

/** Our kernel for one backend. It reads the inputs in the backend's memory and returns tensor infos or tensors. */
export type Kernel<Inputs, Attrs> = (args: {
  inputs: Inputs;
  attrs: Attrs;
  backend: unknown;
}) => tf.TensorInfo | tf.TensorInfo[];

/** Definition of an operation: a name, a reference composition, a gradient and optional kernels. */
export interface OpDefinition<Inputs extends object, Attrs extends object> {
  /** Kernel name in TensorFlow.js's registry. */
  name: string;
  /** Computes the operation in stock TensorFlow.js operations: the reference, used on backends without a kernel of ours. */
  compose(inputs: Inputs, attrs: Attrs): tf.Tensor | tf.Tensor[];
  /** Inputs that the gradient reads. */
  inputsToSave?: (keyof Inputs & string)[];
  /** Whether the gradient reads each output. */
  outputsToSave?: boolean[];
  /** Returns one function per input. TensorFlow.js calls only those on the path to a variable. */
  gradient?(dys: tf.Tensor[], saved: tf.Tensor[], attrs: Attrs): { [name in keyof Inputs]: () => tf.Tensor };
  /** Returns the multiply-accumulates of one call; optional. */
  multiplyAdds?(inputs: Inputs, outputs: tf.Tensor[], attrs: Attrs): number;
  /** Kernels by TensorFlow.js backend name. */
  kernels?: { [backendName: string]: Kernel<Inputs, Attrs> };
}

/**
 * Makes an operation callable. The first call on a backend registers the operation there: our kernel if the definition has
 * one for that backend, else the composition. Importing an operation therefore has no side effect, and bundlers can drop it.
 */
export function defineOp<Inputs extends object, Attrs extends object>(
  op: OpDefinition<Inputs, Attrs>,
): (inputs: Inputs, attrs: Attrs) => tf.Tensor[] {
  return (inputs, attrs) => {
    ensureRegistered(op);
    const out = tf
      .engine()
      .runKernel(op.name, inputs as unknown as tf.NamedTensorMap, attrs as unknown as tf.NamedAttrMap) as
      | tf.Tensor
      | tf.Tensor[];
    const outputs = Array.isArray(out) ? out : [out];
    const { multiplyAdds } = op;
    if (multiplyAdds) addMultiplyAdds(() => multiplyAdds(inputs, outputs, attrs));
    return outputs;
  };
}

function ensureRegistered<Inputs extends object, Attrs extends object>(
  op: OpDefinition<Inputs, Attrs>,
): void {
  const backendName = tf.getBackend();
  if (!backendName) {
    throw new Error(
      `${op.name}: no TensorFlow.js backend is ready. First call useBackend() of @unitsphere/backends, or tf.setBackend() and tf.ready().`,
    );
  }
  if (!tf.getKernel(op.name, backendName)) {
    const composition: Kernel<Inputs, Attrs> = ({ inputs, attrs }) =>
      tf.tidy(() => op.compose(inputs, attrs));
    const kernel = (!shouldUseComposition() && op.kernels?.[backendName]) || composition;
    // The registry keeps the composition, so that benchmarks can compare our kernel with it.
    tf.registerKernel({
      kernelName: op.name,
      backendName,
      kernelFunc: kernel,
      composition,
    } as unknown as tf.KernelConfig);
  }
  if (op.gradient && !tf.getGradient(op.name)) {
    const gradient = op.gradient.bind(op);
    tf.registerGradient({
      kernelName: op.name,
      inputsToSave: op.inputsToSave ?? [],
      outputsToSave: op.outputsToSave ?? [],
      gradFunc: (dy, saved, attrs) =>
        gradient(Array.isArray(dy) ? dy : [dy], saved, attrs as unknown as Attrs) as {
          [inputName: string]: () => tf.Tensor;
        },
    });
  }
}
