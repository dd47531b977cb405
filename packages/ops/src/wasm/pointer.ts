declare const pointer: unique symbol;

/**
 * A byte address in the memory that kernels run on. The brand makes a size in an address's place, or the reverse, fail the
 * typecheck.
 */
export type Pointer = number & { readonly [pointer]: true };

/** The address that stands for an operand that is not there. */
export const NULL_POINTER = 0 as Pointer;

/** Returns the address that lies `bytes` after another one. */
export function offset(from: Pointer, bytes: number): Pointer {
  return (from + bytes) as Pointer;
}

/** Returns the address of a view's first value in the memory that it views. */
export function addressOf(view: ArrayBufferView): Pointer {
  return view.byteOffset as Pointer;
}
