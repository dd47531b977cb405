import type { KernelSet } from '@unitsphere/ops';
import type { Convolution, Network, Step } from '../network/step.js';
import { windowArguments } from './window-arguments.js';

type Kernels = KernelSet['kernels'];

/** Values that a kernel reads as they are, or after another kernel has transformed them. */
interface Constant {
  values: Float32Array;
  transform?: {
    /** Floats of the transformed values. */
    size: number;
    /** Transforms the values at an address and writes the results to another one. */
    run(from: number, to: number): void;
  };
}

/** Constants of a step by name, in the order of the kernels' memory. */
type StepConstants = Readonly<Record<string, Float32Array | Constant | undefined>>;

/** Returns the constants that a step's kernels read. */
function constantsOf(step: Step, kernels: Kernels): StepConstants {
  switch (step.kind) {
    case 'convolution':
      return { ...weightsOf(step, kernels), bias: step.bias, slope: step.slope };
    case 'depthwise':
      return { weights: step.weights, bias: step.bias, slope: step.slope };
    case 'affine':
      return { scale: step.scale, shift: step.shift, slope: step.slope };
    case 'layer-norm':
      return { gamma: step.gamma, beta: step.beta };
    case 'prepend':
      return { head: step.head, tail: step.tail };
    default:
      return {};
  }
}

/**
 * Returns the weights of a convolution: `transformed` where the kernels compute it by Winograd's algorithm, else `weights`,
 * panels of `panelWidth` columns, each with all rows, the last one padded with zeros.
 */
function weightsOf(step: Convolution, kernels: Kernels): StepConstants {
  const { weights, channels } = step;
  const size = kernels['transformedFilterFloats'](...windowArguments(step), channels);
  if (size === 0) return { weights: packPanels(weights, channels, kernels['panelWidth']()) };
  const run = (from: number, to: number) => {
    kernels['transformFilter'](from, step.image[2], channels, to);
  };
  return { transformed: { values: weights, transform: { size, run } } };
}

/**
 * Returns the floats that the constants of a network take, and where each step's begin, in floats from the first. The steps of the
 * returned network hold no constants, so that they are kept once.
 */
export function placeConstants(
  network: Network,
  kernels: Kernels,
): {
  network: Network;
  places: Map<Step, Record<string, number>>;
  constants: (Constant & { offset: number })[];
  size: number;
} {
  const steps: Step[] = [];
  const places = new Map<Step, Record<string, number>>();
  const constants: (Constant & { offset: number })[] = [];
  let size = 0;
  for (const step of network.steps) {
    const place: Record<string, number> = {};
    for (const [name, value] of Object.entries(constantsOf(step, kernels))) {
      if (!value) continue;
      const constant = value instanceof Float32Array ? { values: value } : value;
      place[name] = size;
      constants.push({ ...constant, offset: size });
      // Each constant starts a cache line.
      size += Math.ceil((constant.transform?.size ?? constant.values.length) / 16) * 16;
    }
    const placed = withoutConstants(step);
    steps.push(placed);
    places.set(placed, place);
  }
  return { network: { ...network, steps }, places, constants, size };
}

const NO_VALUES = new Float32Array(0);

function withoutConstants(step: Step): Step {
  const entries = Object.entries(step).map(([name, value]) => [
    name,
    value instanceof Float32Array ? NO_VALUES : value,
  ]);
  return Object.fromEntries(entries) as Step;
}

function packPanels(matrix: Float32Array, columns: number, width: number): Float32Array {
  const depth = matrix.length / columns;
  const packed = new Float32Array(Math.ceil(columns / width) * width * depth);
  for (let j = 0; j < columns; j += width) {
    const here = Math.min(width, columns - j);
    for (let p = 0; p < depth; p++) {
      const [from, to] = [p * columns + j, j * depth + p * width];
      for (let i = 0; i < here; i++) packed[to + i] = matrix[from + i];
    }
  }
  return packed;
}
