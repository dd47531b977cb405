declare const pointer: unique symbol;

/** A byte address in the backend's memory. */
export type Pointer = number & { readonly [pointer]: true };
