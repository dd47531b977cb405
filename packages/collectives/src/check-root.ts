/** @throws RangeError unless `root` is a rank of the group. */
export function checkRoot(operation: string, root: number, size: number): void {
  if (!Number.isInteger(root) || root < 0 || root >= size) {
    throw new RangeError(`${operation}: the root must be a rank from 0 to ${size - 1}, not ${root}.`);
  }
}
