import { builtinModule } from '@unitsphere/core/disk';

/** Returns whether files can be read and written: true in Node, false in a browser. */
export const hasFiles = (): boolean => builtinModule('node:fs') !== undefined;

/** Returns an environment variable; undefined if it is unset or empty, and in a browser. */
export const environment = (name: string): string | undefined => globalThis.process?.env?.[name] || undefined;
