/** What the kernels' modules begin with after their types: the import of a memory without a largest size. */
const IMPORT = [2, 15, 1, 3, 101, 110, 118, 6, 109, 101, 109, 111, 114, 121, 2, 0, 0];
/** The same import of a memory that threads share, which must have a largest size: 65,536 pages, 4 GiB. */
const SHARED_IMPORT = [2, 18, ...IMPORT.slice(2, -2), 3, 0, 0x80, 0x80, 4];

/**
 * Returns the bytes of a module with the same code for a memory that threads share. The code itself does not depend on the kind
 * of memory, so that a second build would only add its bytes to every bundle.
 * @throws Error if the module does not import one memory as the kernels do.
 */
export function importSharedMemory(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const at = bytes.findIndex((_, i) => IMPORT.every((byte, n) => bytes[i + n] === byte));
  if (at < 0) throw new Error('The kernels do not import a memory as they should. Rebuild the package.');
  const shared = new Uint8Array(bytes.length + SHARED_IMPORT.length - IMPORT.length);
  shared.set(bytes.subarray(0, at));
  shared.set(SHARED_IMPORT, at);
  shared.set(bytes.subarray(at + IMPORT.length), at + SHARED_IMPORT.length);
  return shared;
}
