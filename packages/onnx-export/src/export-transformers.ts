import { type Embedder, embedderFiles, type ModelCard } from '@unitsphere/embedder';
import { type EmbedderCalibration, type ExportEmbedderOptions, exportOnnx } from './export-onnx.js';
import { transformersUsage } from './usage.js';

/** Options of {@link exportTransformers}. */
export interface ExportTransformersOptions extends Pick<ExportEmbedderOptions, 'description' | 'metadata'> {
  /** Images for a statically quantized `model_quantized.onnx`. Default: only its weights are int8. */
  calibration?: EmbedderCalibration;
  /** Contents of the model card. */
  card?: ModelCard;
}

/**
 * Exports an embedder in the layout of transformers.js: `onnx/model.onnx`, `onnx/model_fp16.onnx`, `onnx/model_quantized.onnx`,
 * `config.json`, `preprocessor_config.json` and the model card. `pipeline('image-feature-extraction', folder)` loads it and
 * returns embeddings of unit length. The graphs resize images themselves, because transformers.js does so without a filter in Node
 * and by the canvas in browsers, which changes embeddings. Images of one call must therefore have one size.
 * @returns The files by their paths in the folder.
 * @throws OnnxExportError for a model that cannot be exported.
 */
export async function exportTransformers(
  embedder: Embedder,
  { calibration, card, ...text }: ExportTransformersOptions = {},
): Promise<Map<string, Uint8Array>> {
  const options: ExportEmbedderOptions = {
    ...text,
    resizing: embedder.preprocessing,
    // The names that transformers.js passes and looks for.
    inputName: 'pixel_values',
    outputName: 'image_embeds',
  };
  const quantized: ExportEmbedderOptions = calibration
    ? { precision: 'int8', calibration }
    : { precision: 'int8-weights' };
  const files = await embedderFiles(embedder, { card: { usage: transformersUsage(), ...card } });
  return new Map([
    ['README.md', files['README.md']],
    ['config.json', files['config.json']],
    ['preprocessor_config.json', withoutResizing(files['preprocessor_config.json'])],
    ['onnx/model.onnx', await exportOnnx(embedder, options)],
    ['onnx/model_fp16.onnx', await exportOnnx(embedder, { ...options, precision: 'float16' })],
    ['onnx/model_quantized.onnx', await exportOnnx(embedder, { ...options, ...quantized })],
  ]);
}

/** Returns preprocessor_config.json without resizing, cropping and the order of channels, which the graph does. */
function withoutResizing(json: Uint8Array): Uint8Array {
  const { size, crop_size, resample, do_flip_channel_order, ...config } = JSON.parse(
    new TextDecoder().decode(json),
  );
  const whole = { ...config, do_resize: false, do_center_crop: false };
  return new TextEncoder().encode(`${JSON.stringify(whole, null, 2)}\n`);
}
