declare const pointer: unique symbol;

/** A byte address in the memory that kernels run on. The brand makes a size in an address's place fail the typecheck. */
export type Pointer = number & { readonly [pointer]: true };
