import { execFileSync } from 'node:child_process';

/**
 * Lets the system forget what it keeps of a file in memory. Pages that are not yet on the disk stay: sync first.
 * @throws Error where there is no GNU dd.
 */
export function forgetFile(path: string): void {
  try {
    execFileSync('dd', [`if=${path}`, 'iflag=nocache', 'count=0'], { stdio: ['ignore', 'ignore', 'pipe'] });
  } catch (error) {
    throw new Error(
      `The system cannot be told to forget ${path}; "dd iflag=nocache" of GNU coreutils is needed: ${(error as Error).message}`,
    );
  }
}
