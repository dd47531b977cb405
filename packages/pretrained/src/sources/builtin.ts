type Builtins = NonNullable<NonNullable<typeof globalThis.process>['getBuiltinModule']>;

/**
 * A module of Node's own, or undefined in a browser. Taken from the running process and not imported: a bundler for
 * browsers that meets this package finds nothing to complain about.
 */
export const builtin = ((id: string) => globalThis.process?.getBuiltinModule?.(id)) as unknown as Builtins;

/** Whether files can be read and written. */
export const hasFiles = (): boolean => builtin('node:fs') !== undefined;

/** An environment variable, or undefined where it is empty or there are none. */
export const environment = (name: string): string | undefined => globalThis.process?.env?.[name] || undefined;
