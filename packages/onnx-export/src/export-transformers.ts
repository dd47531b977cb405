import { formatPreprocessorConfig, type Preprocessing } from '@unitsphere/images';
import { type EmbeddingModules, type ExportOnnxOptions, exportOnnx } from './export-onnx.js';
import type { Calibration } from './precision/calibrate.js';

/** Options of {@link exportTransformers}. */
export interface ExportTransformersOptions
  extends Pick<ExportOnnxOptions, 'name' | 'description' | 'metadata'> {
  /** How images become the network's input; the folder describes it to transformers.js. */
  preprocessing: Preprocessing;
  /** Images for a statically quantized `model_quantized.onnx`. Default: only its weights are int8. */
  calibration?: Calibration;
  /** Further entries of config.json, such as the names of the backbone, neck and norm. */
  config?: Readonly<Record<string, unknown>>;
}

/**
 * Exports a network in the layout of transformers.js: `onnx/model.onnx`, `onnx/model_fp16.onnx`, `onnx/model_quantized.onnx`,
 * `config.json` and `preprocessor_config.json`. `pipeline('image-feature-extraction', folder)` loads it and returns embeddings of
 * unit length. The graphs resize images themselves, because transformers.js does so without a filter in Node and by the canvas in
 * browsers, which changes embeddings. Images of one call must therefore have one size.
 * @returns The files by their paths in the folder.
 * @throws OnnxExportError for a model that cannot be exported.
 */
export async function exportTransformers(
  model: EmbeddingModules,
  { preprocessing, calibration, config = {}, ...text }: ExportTransformersOptions,
): Promise<Map<string, Uint8Array>> {
  const { imageSize, mean, std } = preprocessing;
  const options: ExportOnnxOptions = {
    ...text,
    inputSize: imageSize,
    // Without channelOrder: transformers.js itself orders the channels by preprocessor_config.json.
    preprocessing: { mean, std },
    resizing: preprocessing,
    // The names that transformers.js passes and looks for.
    inputName: 'pixel_values',
    outputName: 'image_embeds',
  };
  const quantized: Partial<ExportOnnxOptions> = calibration
    ? { precision: 'int8', calibration }
    : { precision: 'int8-weights' };
  return new Map([
    ['config.json', encode(formatJson({ model_type: 'unitsphere', image_size: imageSize, ...config }))],
    ['preprocessor_config.json', encode(describeProcessor(preprocessing))],
    ['onnx/model.onnx', await exportOnnx(model, options)],
    ['onnx/model_fp16.onnx', await exportOnnx(model, { ...options, precision: 'float16' })],
    ['onnx/model_quantized.onnx', await exportOnnx(model, { ...options, ...quantized })],
  ]);
}

/** Returns preprocessor_config.json without resizing and cropping, which the graph does. */
function describeProcessor(preprocessing: Preprocessing): string {
  const { size, crop_size, resample, ...config } = JSON.parse(formatPreprocessorConfig(preprocessing));
  return formatJson({ ...config, do_resize: false, do_center_crop: false });
}

const formatJson = (value: object) => `${JSON.stringify(value, null, 2)}\n`;
const encode = (text: string) => new TextEncoder().encode(text);
