import { type Embedder, formatModelCard, type ModelCard } from '@unitsphere/embedder';
import { exportedFingerprint } from '@unitsphere/onnx-export';
import type { ExportPrecision } from './export-options.js';

/** Returns an embedder's model card as the bytes of README.md. */
export function writeCard(embedder: Embedder, card: ModelCard, precision?: ExportPrecision): Uint8Array {
  const { config, preprocessing, embeddingSize } = embedder;
  const fingerprint = exportedFingerprint(embedder.fingerprint, precision);
  const text = formatModelCard({ model: config, preprocessing, embeddingSize, fingerprint }, card);
  return new TextEncoder().encode(text);
}
