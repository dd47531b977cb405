import { fileURLToPath } from 'node:url';

/** Returns the command that runs peers written in Python. */
export const getPythonCommand = (): string => process.env['UNITSPHERE_PYTHON'] || 'python3';

/** Returns the path of a peer's program. Peers are not built, so they are in the package folder. */
export function resolvePeerFile(name: string): string {
  return fileURLToPath(new URL(`../peers/${name}`, import.meta.url));
}
