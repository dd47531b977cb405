/** Stride and symmetric zero padding of a convolution, in pixels, as in PyTorch. */
export interface Window {
  stride: number;
  padding: number;
}

/** Square window of a pooling operation. */
export interface PoolWindow extends Window {
  /** Height and width in pixels. */
  kernelSize: number;
}

/**
 * Returns the padding for stock convolutions, as a list for each axis. Given a single number, they would compute the output's
 * width from the kernel's height.
 */
export function stockPadding(padding: number): [[0, 0], [number, number], [number, number], [0, 0]] {
  return [
    [0, 0],
    [padding, padding],
    [padding, padding],
    [0, 0],
  ];
}

/** Throws unless stride is a positive integer and padding a non-negative one. */
export function checkWindow(op: string, { stride, padding }: Window): void {
  if (!Number.isInteger(stride) || stride < 1)
    throw new Error(`${op}: stride must be a positive integer, not ${stride}.`);
  if (!Number.isInteger(padding) || padding < 0) {
    throw new Error(`${op}: padding must be a non-negative integer, not ${padding}.`);
  }
}

/** Returns [outHeight, outWidth]; throws if the kernel does not fit. */
export function windowShape(
  op: string,
  imageShape: readonly number[],
  filterShape: readonly number[],
  { stride, padding }: Window,
): [number, number] {
  const size = (axis: 0 | 1) =>
    Math.floor((imageShape[axis + 1] + 2 * padding - filterShape[axis]) / stride) + 1;
  const shape: [number, number] = [size(0), size(1)];
  if (shape[0] < 1 || shape[1] < 1) {
    throw new Error(
      `${op}: a ${filterShape[0]}x${filterShape[1]} kernel does not fit an image of ${imageShape[1]}x${imageShape[2]} with padding ${padding}.`,
    );
  }
  return shape;
}
