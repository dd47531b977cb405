import figures from '../weights/document-small/figures.json';

/** Thresholds of a model, and the pictures that they were measured on. */
export interface MeasuredThresholds {
  /** The pictures. */
  readonly measuredOn: string;
  /** Number of different cards among them. */
  readonly cards: number;
  /** Number of pictures. */
  readonly images: number;
  /** Lowest cosines that count as the same card, for two pictures, by the rate of pairs of different cards that reach them. */
  readonly thresholds: readonly { readonly falsePositiveRate: number; readonly threshold: number }[];
}

const { identities, images, thresholds } = figures.cards;

/**
 * The thresholds of `documentSmall`, as in its model card. For a gallery of N cards, take the threshold of the wanted rate of
 * accepted strangers divided by N: the highest cosine of N cards exceeds a threshold about N times as often as that of one.
 */
export const documentSmallThresholds: MeasuredThresholds = {
  measuredOn: 'real cards (unique_pool of DocClassifier), each with 8 augmented copies',
  cards: identities,
  images,
  thresholds: Object.entries(thresholds).map(([rate, threshold]) => ({
    falsePositiveRate: Number(rate),
    threshold,
  })),
};
