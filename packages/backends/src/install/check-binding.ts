import { InstallError } from './install-error.js';
import { errorOutput, runCommand } from './run-command.js';

/** Results of checking a binding. */
export interface CheckedBinding {
  /** Version of libtensorflow. */
  tensorflow: string;
  /** Whether libtensorflow found a GPU. */
  gpu: boolean;
  /** Whether the binding takes functions, which XLA compiles. */
  functions: boolean;
  /** Whether the binding runs operations on threads of their own. */
  queues: boolean;
}

// Prints only an error's message, as the stack of this program is of no use.
const PROGRAM = `
process.on('uncaughtException', ({ message }) => { console.error(message); process.exit(1); });
const tf = require(process.argv[1]);
const matrix = (values) => tf.createTensor([2, 2], tf.TF_FLOAT, Float32Array.from(values));
const attributes = [
  { name: 'transpose_a', type: tf.TF_ATTR_BOOL, value: false },
  { name: 'transpose_b', type: tf.TF_ATTR_BOOL, value: false },
  { name: 'T', type: tf.TF_ATTR_TYPE, value: tf.TF_FLOAT },
];
const [{ id }] = tf.executeOp('MatMul', attributes, [matrix([1, 2, 3, 4]), matrix([5, 6, 7, 8])], 1);
const functions = typeof tf.addFunction === 'function';
const queues = typeof tf.enqueueOp === 'function';
const product = [...tf.tensorDataSync(id)];
console.log(JSON.stringify({ tensorflow: tf.TF_Version, gpu: tf.isUsingGpuDevice(), functions, queues, product }));
`;

/**
 * Loads a binding in a separate process and multiplies two matrices with it.
 * @throws InstallError with the message of the dynamic linker or TensorFlow.
 */
export async function checkBinding(binding: string): Promise<CheckedBinding> {
  const result = await runCommand(process.execPath, ['-e', PROGRAM, binding], {
    env: { TF_CPP_MIN_LOG_LEVEL: '2', ...process.env },
  });
  if (!result.ok) {
    throw new InstallError(
      `The binding was built but does not run here:\n${errorOutput(result)}\n`,
      /GLIBC|GLIBCXX|CXXABI/.test(result.stderr)
        ? 'This system\'s C or C++ library is too old for TensorFlow; use the backend "wasm", or a newer system.'
        : /terminated by SIGILL/.test(result.stderr)
          ? 'This processor lacks instructions that TensorFlow requires (AVX); use the backend "wasm".'
          : 'Please report it with these lines.',
    );
  }
  const { product, ...checked } = JSON.parse(result.stdout) as CheckedBinding & { product: number[] };
  if (product.join() !== '19,22,43,50') {
    throw new InstallError(
      `The binding runs but computes wrong results: [1 2; 3 4] · [5 6; 7 8] = [${product.join(' ')}].`,
      'Please report it.',
    );
  }
  return checked;
}
