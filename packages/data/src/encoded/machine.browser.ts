/** Returns the default limit of decoded images in the memory of a page. */
export function defaultMemory(): number {
  return 2 ** 30;
}

/** Returns the number of images to read and decode at once. */
export function concurrentReads(): number {
  return Math.max(1, navigator.hardwareConcurrency ?? 1);
}
