/** Rates of strangers to choose from that the threshold of a gallery lets pass; the first one unless the visitor chooses. */
export const RATES = [0.05, 0.01, 0.1] as const;

/** Smallest number of identities that a gallery is calibrated with. */
export const FEWEST_CALIBRATED = 3;

/** Number of matches that are shown. */
export const MATCHES = 5;

/** Number of the hardest pairs that are shown: of different identities, and of the same. */
export const HARDEST_PAIRS = 6;
