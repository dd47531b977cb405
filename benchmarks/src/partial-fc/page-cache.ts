import { execFileSync } from 'node:child_process';

/**
 * Drops a file from the system's page cache. Pages that are not yet on disk stay in memory, so sync the file first.
 * @throws Error if GNU `dd` is missing.
 */
export function forgetFile(path: string): void {
  try {
    execFileSync('dd', [`if=${path}`, 'iflag=nocache', 'count=0'], { stdio: ['ignore', 'ignore', 'pipe'] });
  } catch (error) {
    throw new Error(
      `Cannot drop ${path} from the page cache. Install GNU coreutils, whose "dd iflag=nocache" is required: ${(error as Error).message}`,
    );
  }
}
