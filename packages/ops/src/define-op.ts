import * as tf from '@tensorflow/tfjs-core';
import { addMultiplyAdds } from './count-multiply-adds.js';

/** A kernel of ours on one backend: reads the inputs where they lie and returns tensor infos or tensors. */
export type Kernel<Inputs, Attrs> = (args: {
  inputs: Inputs;
  attrs: Attrs;
  backend: unknown;
}) => tf.TensorInfo | tf.TensorInfo[];

/** What an operation is: one name, one reference composition, one gradient, and kernels where they are worth it. */
export interface OpDefinition<Inputs extends object, Attrs extends object> {
  /** The kernel name in TensorFlow.js's registry. */
  name: string;
  /** The reference: the operation in stock TensorFlow.js operations, for every backend without a kernel of ours. */
  compose(inputs: Inputs, attrs: Attrs): tf.Tensor | tf.Tensor[];
  /** Which inputs and outputs the gradient reads. */
  inputsToSave?: (keyof Inputs & string)[];
  outputsToSave?: boolean[];
  /** One function an input: only those on the path to a variable are called. */
  gradient?(dys: tf.Tensor[], saved: tf.Tensor[], attrs: Attrs): { [name in keyof Inputs]: () => tf.Tensor };
  /** Multiply-accumulates of one call, for operations that consist of them. */
  multiplyAdds?(inputs: Inputs, outputs: tf.Tensor[], attrs: Attrs): number;
  /** Kernels by TensorFlow.js backend name. */
  kernels?: { [backendName: string]: Kernel<Inputs, Attrs> };
}

/**
 * Makes an operation callable. Its kernel for the current backend is registered at the first call there — a kernel of
 * ours where there is one, else the composition — so importing an operation changes nothing and bundlers can drop it.
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
    if (op.multiplyAdds) addMultiplyAdds(() => op.multiplyAdds!(inputs, outputs, attrs));
    return outputs;
  };
}

function ensureRegistered<Inputs extends object, Attrs extends object>(
  op: OpDefinition<Inputs, Attrs>,
): void {
  const backendName = tf.getBackend();
  if (!backendName) {
    throw new Error(
      `${op.name}: no TensorFlow.js backend is ready. Call useBackend() of @unitsphere/backends, or tf.setBackend() and tf.ready(), first.`,
    );
  }
  if (!tf.getKernel(op.name, backendName)) {
    const composition: Kernel<Inputs, Attrs> = ({ inputs, attrs }) =>
      tf.tidy(() => op.compose(inputs, attrs));
    const kernel = op.kernels?.[backendName] ?? composition;
    // The composition goes along in the registry: it is what a benchmark compares our kernel with.
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
