/** Bits of an image's part in a retrieval: searched for, searched in. */
export const ROLE = { query: 1, gallery: 2 } as const;
