import { float32, type HostTensor, toFloat32 } from '@unitsphere/core';

/** Rows and columns of a feature map. */
export type MapSize = readonly [rows: number, columns: number];

/**
 * Resamples a linear layer over a flattened map (`Flatten`, `Squeeze`) to maps of another size, so that a network trained on
 * images of one size starts on those of another, as in progressive resizing. A weight is read as a density over the map's area
 * and integrated over each new cell: the layer answers a map and its enlargement alike.
 * @param weight [outFeatures, channels × rows × columns] in PyTorch's order.
 * @param from Size of the maps that the weight was trained on.
 * @param to Size of the maps to come.
 * @returns float32 [outFeatures, channels × to rows × to columns].
 * @throws Error if the weight is not of maps of the size `from`.
 */
export function resampleFeatures(weight: HostTensor, from: MapSize, to: MapSize): HostTensor {
  const [outFeatures, inFeatures] = weight.shape;
  const area = from[0] * from[1];
  if (weight.shape.length !== 2 || inFeatures % area !== 0) {
    throw new Error(
      `resampleFeatures: a weight of shape [${weight.shape.join(', ')}] is not of maps of ${from[0]} × ${from[1]}.`,
    );
  }
  const values = toFloat32(weight);
  const maps = (outFeatures * inFeatures) / area;
  const rows = overlaps(from[0], to[0]);
  const columns = overlaps(from[1], to[1]);
  const out = new Float32Array(maps * to[0] * to[1]);
  for (let map = 0, at = 0; map < maps; map++) {
    for (const row of rows) {
      for (const column of columns) {
        let sum = 0;
        for (const [y, height] of row) {
          for (const [x, width] of column) sum += height * width * values[map * area + y * from[1] + x];
        }
        out[at++] = sum;
      }
    }
  }
  return float32([outFeatures, (inFeatures / area) * to[0] * to[1]], out);
}

/** Returns, for each new cell of an axis, the old cells that it overlaps and the part of each that it covers. */
function overlaps(from: number, to: number): (readonly [cell: number, part: number])[][] {
  const size = from / to;
  return Array.from({ length: to }, (_, i) => {
    const [start, end] = [i * size, (i + 1) * size];
    const first = Math.floor(start);
    const cells = Array.from({ length: Math.min(from, Math.ceil(end)) - first }, (_, j) => first + j);
    return cells.map((cell) => [cell, Math.min(end, cell + 1) - Math.max(start, cell)] as const);
  });
}
