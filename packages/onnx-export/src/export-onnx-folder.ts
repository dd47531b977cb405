import { configFiles, type Embedder, formatModelCard, type ModelCard } from '@unitsphere/embedder';
import { type ExportEmbedderOptions, exportedFingerprint, exportOnnx } from './export-onnx.js';
import { onnxUsage } from './usage.js';

/** Options of {@link exportOnnxFolder}. */
export interface ExportOnnxFolderOptions extends Omit<ExportEmbedderOptions, 'resizing'> {
  /** Contents of the model card. Default of its usage: {@link onnxUsage}. */
  card?: ModelCard;
}

/**
 * Exports an embedder as a folder that `loadEmbedder(folder, { runtime: 'onnx' })` loads: `model.onnx`, `config.json`,
 * `preprocessor_config.json` and the model card, `README.md`, with code for Node, pages and Python.
 * @returns The files by their names.
 * @throws OnnxExportError and NonFiniteError as `exportOnnx`.
 */
export async function exportOnnxFolder(
  embedder: Embedder,
  { card, ...options }: ExportOnnxFolderOptions = {},
): Promise<Map<string, Uint8Array>> {
  const bytes = await exportOnnx(embedder, options);
  const { config: model, preprocessing, embeddingSize, fingerprint } = embedder;
  const facts = {
    model,
    preprocessing,
    embeddingSize,
    fingerprint: exportedFingerprint(fingerprint, options.precision),
  };
  const text = formatModelCard(facts, { usage: onnxUsage(preprocessing, options), ...card });
  return new Map([
    ['model.onnx', bytes],
    ...Object.entries(configFiles(facts, embeddingSize)),
    ['README.md', new TextEncoder().encode(text)],
  ]);
}
