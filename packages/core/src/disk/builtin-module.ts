type GetBuiltinModule = NonNullable<NonNullable<typeof globalThis.process>['getBuiltinModule']>;

/**
 * Returns a built-in module of Node, or undefined in a browser. The module is looked up at run time instead of being
 * imported, so that browser builds may include code that calls this function.
 */
export const builtinModule = ((id: string) =>
  globalThis.process?.getBuiltinModule?.(id)) as unknown as GetBuiltinModule;
