import { DotProductSimilarity } from './dot-product.js';

/** Cosine of the angle between two embeddings: q · r / (|q| · |r|), in [−1, 1]. A similarity: larger means closer. */
export class CosineSimilarity extends DotProductSimilarity {
  constructor() {
    super({ normalize: true });
  }
}
