/** Fractions of the identities of a training on pictures. */
export const PICTURE_SPLIT = { train: 0.7, validation: 0.1, test: 0.2 } as const;

/** Smallest number of identities that a training can split: two in each part. */
export const FEWEST_IDENTITIES = 6;
