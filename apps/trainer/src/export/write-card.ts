import { type Embedder, formatModelCard, type ModelCard } from '@unitsphere/embedder';

/** Returns an embedder's model card as the bytes of README.md. */
export function writeCard(embedder: Embedder, card: ModelCard): Uint8Array {
  const { config, preprocessing, embeddingSize, fingerprint } = embedder;
  const text = formatModelCard({ model: config, preprocessing, embeddingSize, fingerprint }, card);
  return new TextEncoder().encode(text);
}
