import { fileURLToPath } from 'node:url';

/** The command that runs peers written in Python. */
export const pythonCommand = (): string => process.env['UNITSPHERE_PYTHON'] || 'python3';

/** A peer's program: not built, so in the package's folder. */
export function peerFile(name: string): string {
  return fileURLToPath(new URL(`../peers/${name}`, import.meta.url));
}
