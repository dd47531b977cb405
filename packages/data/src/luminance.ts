/** Returns the luminance of the pixel at byte offset p (ITU-R BT.601, as in OpenCV). */
export function luminance(data: Uint8Array, p: number): number {
  return 0.299 * data[p] + 0.587 * data[p + 1] + 0.114 * data[p + 2];
}
