import { createRequire } from 'node:module';
import type { ImageFunctions } from '@unitsphere/native';

let functions: ImageFunctions | null | undefined;

/**
 * Returns the functions on images of `@unitsphere/native`. They compute the same bytes as JavaScript code, faster. Undefined where
 * the addon is not installed or not used, and in pages.
 */
export function nativeImageFunctions(): ImageFunctions | undefined {
  if (functions === undefined) {
    try {
      // __filename exists only in CommonJS, import.meta.url only in ES modules.
      const require = createRequire(typeof __filename === 'string' ? __filename : import.meta.url);
      functions =
        (require('@unitsphere/native') as typeof import('@unitsphere/native')).imageFunctions() ?? null;
    } catch {
      // Optional: skipped silently when not installed.
      functions = null;
    }
  }
  return functions ?? undefined;
}
