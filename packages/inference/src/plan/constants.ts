import type { Network, Step } from '../network/step.js';

/** Constants of a step by name, in the order of the kernels' memory. */
export type StepConstants = Readonly<Record<string, Float32Array>>;

/**
 * Returns the constants that a step's kernels read. Weights of convolutions are packed: panels of `panelWidth` columns, each with
 * all rows, the last one padded with zeros.
 */
export function constantsOf(step: Step, panelWidth: number): StepConstants {
  switch (step.kind) {
    case 'convolution':
      return withoutMissing({
        weights: packPanels(step.weights, step.channels, panelWidth),
        bias: step.bias,
        slope: step.slope,
      });
    case 'depthwise':
      return withoutMissing({ weights: step.weights, bias: step.bias, slope: step.slope });
    case 'affine':
      return withoutMissing({ scale: step.scale, shift: step.shift, slope: step.slope });
    case 'layer-norm':
      return { gamma: step.gamma, beta: step.beta };
    case 'prepend':
      return { head: step.head, tail: step.tail };
    default:
      return {};
  }
}

/**
 * Returns the floats that the constants of a network take, and where each step's begin, in floats from the first. The steps of the
 * returned network hold no constants, so that they are kept once.
 */
export function placeConstants(
  network: Network,
  panelWidth: number,
): {
  network: Network;
  places: Map<Step, Record<string, number>>;
  constants: [offset: number, values: Float32Array][];
  size: number;
} {
  const steps: Step[] = [];
  const places = new Map<Step, Record<string, number>>();
  const constants: [number, Float32Array][] = [];
  let size = 0;
  for (const step of network.steps) {
    const place: Record<string, number> = {};
    for (const [name, values] of Object.entries(constantsOf(step, panelWidth))) {
      place[name] = size;
      constants.push([size, values]);
      // Each constant starts a cache line.
      size += Math.ceil(values.length / 16) * 16;
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

function withoutMissing(values: Record<string, Float32Array | undefined>): StepConstants {
  return Object.fromEntries(
    Object.entries(values).filter((entry): entry is [string, Float32Array] => entry[1] !== undefined),
  );
}
