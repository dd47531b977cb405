import { type GraphBuilder, NCHW } from './graph/graph-builder.js';

/** How the network's input is computed from pixels in [0, 255]. */
export interface ImageStatistics {
  /** Subtracted from pixel / 255, per channel of the network's input. */
  mean: readonly number[];
  /** Divisor of that difference, per channel of the network's input. */
  std: readonly number[];
}

/**
 * Adds the graph's input.
 * @param kind `float32`: normalized values [batch, channels, height, width]. `uint8`: pixels [batch, height, width, channels],
 *   RGB, which the graph normalizes.
 * @param isBgr Whether the network requires BGR; the graph's input is RGB in either case.
 * @returns The name of the normalized images, NCHW in the network's order of channels.
 */
export function addImageInput(
  builder: GraphBuilder,
  kind: 'float32' | 'uint8',
  name: string,
  shape: readonly number[],
  { mean, std }: ImageStatistics,
  isBgr: boolean,
): string {
  const { graph } = builder;
  const channelsFirst = NCHW.map((axis) => shape[axis]);
  graph.inputs.push(name);
  graph.values.set(name, {
    type: kind,
    shape: builder.symbolic(kind === 'uint8' ? shape : channelsFirst, name),
  });
  const swap = (images: string) =>
    isBgr
      ? builder.emit('Gather', [images, builder.integers([2, 1, 0])], channelsFirst, { axis: { int: 1 } })
      : images;
  if (kind === 'float32') return swap(name);
  const values = builder.emit('Cast', [name], shape, { to: { int: 1 } });
  const images = swap(builder.emit('Transpose', [values], channelsFirst, { perm: { ints: NCHW } }));
  const constant = (key: string, data: Float32Array) => builder.floats(key, [data.length, 1, 1], data);
  // (pixel / 255 − mean) / std, as pixel · scale + shift.
  const scale = constant(
    'pixel_scale',
    Float32Array.from(std, (s) => 1 / (255 * s)),
  );
  const shift = constant(
    'pixel_shift',
    Float32Array.from(mean, (m, c) => -m / std[c]),
  );
  return builder.emit('Add', [builder.emit('Mul', [images, scale], channelsFirst), shift], channelsFirst);
}
