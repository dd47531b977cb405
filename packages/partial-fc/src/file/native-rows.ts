import { createRequire } from 'node:module';
import type { RowFunctions } from '@unitsphere/native';

/**
 * Returns the functions on rows of `@unitsphere/native`; undefined where it is not installed or not used.
 * @param home File or URL of a module of this package.
 */
export function nativeRowFunctions(home: string): RowFunctions | undefined {
  try {
    return (createRequire(home)('@unitsphere/native') as typeof import('@unitsphere/native')).rowFunctions();
  } catch {
    // Optional: skipped silently when not installed.
    return undefined;
  }
}
