import type { Preprocessing } from '@unitsphere/images';
import type { ExportPrecision } from './export-onnx.js';

/** What the usage of an ONNX file depends on. */
export interface UsageOptions {
  /** What the graph takes, as in `exportOnnx`. Default `float32`. */
  input?: 'float32' | 'uint8';
  precision?: ExportPrecision;
  /** A fixed batch, as in `exportOnnx`. */
  batch?: number;
}

/** Returns the section of a model card that tells how to run `model.onnx` in Node, pages and Python. */
export function onnxUsage(
  preprocessing: Preprocessing,
  { input = 'float32', precision, batch }: UsageOptions = {},
): string {
  const parts = [
    'In Node and in pages, with `@unitsphere/embedder`:',
    '',
    '```sh',
    'npm install @unitsphere/embedder @tensorflow/tfjs-core @tensorflow/tfjs-backend-wasm',
    'npm install onnxruntime-node sharp # in Node',
    'npm install onnxruntime-web        # in pages',
    '```',
    '',
    '```js',
    "import { loadEmbedder } from '@unitsphere/embedder';",
    '',
    "const embedder = await loadEmbedder('path/to/this/folder', { runtime: 'onnx' }); // in a page, its address: '/model'",
    "const [a, b] = await embedder.embed(['one.jpg', 'other.jpg']); // in a page, <img>, canvases or blobs",
    "console.log('cosine', a.reduce((sum, value, i) => sum + value * b[i], 0));",
    '```',
    '',
    'In Python, with `pip install onnxruntime pillow numpy`:',
    '',
    '```python',
    ...pythonExample(preprocessing, input, batch),
    '```',
  ];
  if (precision === 'int8' || precision === 'int8-weights') {
    parts.push(
      '',
      'The embeddings are those of rounded weights. Do not compare them with embeddings of the model in another precision.',
    );
  }
  return parts.join('\n');
}

/** Returns the section of a model card that tells how to run a folder of `exportTransformers`. */
export function transformersUsage(): string {
  return [
    '```sh',
    'npm install @huggingface/transformers',
    '```',
    '',
    '```js',
    "import { env, pipeline } from '@huggingface/transformers';",
    '',
    "env.localModelPath = 'path/to/the/folder/above';",
    "// dtype: 'fp32', 'fp16' or 'q8'",
    "const extract = await pipeline('image-feature-extraction', 'name-of-this-folder', { dtype: 'fp32' });",
    "const { data: embedding } = await extract('one.jpg');",
    '```',
    '',
    'The graphs resize images. Images of one call must have one size.',
  ].join('\n');
}

/** Returns the section of a model card that tells how to run the files of `exportGraphModel`. */
export function graphModelUsage(preprocessing: Preprocessing): string {
  const { imageSize } = preprocessing;
  return [
    '```sh',
    'npm install @tensorflow/tfjs',
    '```',
    '',
    '```js',
    "import * as tf from '@tensorflow/tfjs';",
    '',
    "const model = await tf.loadGraphModel('path/to/this/folder/model.json');",
    'const embedding = tf.tidy(() => {',
    '  const pixels = tf.browser.fromPixels(image).toFloat(); // RGB of 0 to 255',
    ...tensorCropLines(preprocessing).map((line) => `  ${line}`),
    '  return model.predict({ pixels: square.expandDims() }); // unit length, [1, size]',
    '});',
    '```',
    '',
    `The graph takes images of ${imageSize} × ${imageSize} pixels and normalizes them. TensorFlow.js resizes without a filter: for the embeddings of`,
    '`loadEmbedder`, resize with `resizeAndCrop` of `@unitsphere/images` and the preprocessing in `preprocessor_config.json` of the model folder.',
    'TensorFlow.js runs the graph on its stock kernels, which are slower than those that `loadEmbedder` uses.',
  ].join('\n');
}

/** Returns the lines that resize and crop `pixels` in TensorFlow.js. */
function tensorCropLines({
  imageSize: size,
  cropMode = 'center',
  cropFraction = 1,
  interpolation,
  ...statistics
}: Preprocessing): string[] {
  const side = Math.floor(size / cropFraction);
  // The last arguments: pixels have their centers at halves, as in Pillow.
  const resize = `tf.image.${interpolation === 'nearest' ? 'resizeNearestNeighbor' : 'resizeBilinear'}`;
  if (cropMode === 'squash' && side === size) {
    return [`const square = ${resize}(pixels, [${size}, ${size}], false, true);`];
  }
  const resized = {
    squash: [`const resized = ${resize}(pixels, [${side}, ${side}], false, true);`],
    center: [
      'const sides = pixels.shape.slice(0, 2);',
      `const resized = ${resize}(pixels, sides.map((n) => Math.floor((n * ${side}) / Math.min(...sides))), false, true);`,
    ],
    border: [
      'const sides = pixels.shape.slice(0, 2);',
      `const ratio = Math.max(...sides) / ${side};`,
      `const resized = ${resize}(pixels, sides.map((n) => Math.max(1, Math.round(n / ratio))), false, true);`,
    ],
  }[cropMode];
  const crop = [
    `const starts = resized.shape.slice(0, 2).map((n) => Math.max(0, Math.round((n - ${size}) / 2)));`,
    `const ends = resized.shape.slice(0, 2).map((n) => Math.min(n, ${size}));`,
  ];
  if (cropMode !== 'border') return [...resized, ...crop, 'const square = resized.slice(starts, ends);'];
  return [
    ...resized,
    ...crop,
    `const color = [${meanColor(statistics).join(', ')}]; // of the border`,
    `const borders = ends.map((n) => [Math.floor((${size} - n) / 2), Math.ceil((${size} - n) / 2)]);`,
    'const square = resized.slice(starts, ends).sub(color).pad([...borders, [0, 0]]).add(color);',
  ];
}

/** Returns the mean as RGB of 0 to 255. */
function meanColor({ mean, channelOrder }: Pick<Preprocessing, 'mean' | 'channelOrder'>): number[] {
  return (channelOrder === 'BGR' ? mean.toReversed() : mean).map((value) => Math.round(255 * value));
}

function pythonExample(
  { imageSize, mean, std, channelOrder, interpolation = 'bilinear', ...crop }: Preprocessing,
  input: 'float32' | 'uint8',
  batch = 1,
): string[] {
  const isBgr = channelOrder === 'BGR';
  // The graph takes RGB in either case.
  const inRgb = (values: readonly number[]) => `[${(isBgr ? values.toReversed() : values).join(', ')}]`;
  const color = meanColor({ mean, channelOrder });
  const resample = `Image.Resampling.${interpolation.toUpperCase()}`;
  const feed =
    input === 'uint8'
      ? ['    x = np.asarray(image)[None]']
      : [`    x = (np.asarray(image, np.float32) / 255 - MEAN) / STD`, '    x = x.transpose(2, 0, 1)[None]'];
  return [
    'import numpy as np',
    'import onnxruntime',
    'from PIL import Image, ImageOps',
    '',
    "session = onnxruntime.InferenceSession('model.onnx')",
    ...(input === 'uint8'
      ? []
      : [`MEAN = np.array(${inRgb(mean)}, np.float32)`, `STD = np.array(${inRgb(std)}, np.float32)`]),
    '',
    'def embed(path):',
    "    image = ImageOps.exif_transpose(Image.open(path)).convert('RGB')",
    ...cropLines(imageSize, crop, resample, color).map((line) => `    ${line}`),
    ...feed,
    ...(batch === 1 ? [] : [`    x = np.repeat(x, ${batch}, axis=0)  # the graph takes ${batch} images`]),
    "    (embeddings,) = session.run(None, {'pixel_values': x})",
    '    return embeddings[0]',
    '',
    "print('cosine', embed('one.jpg') @ embed('other.jpg'))",
  ];
}

/** Returns the lines that resize and crop as `resizeAndCrop` of @unitsphere/images. */
function cropLines(
  size: number,
  { cropMode = 'center', cropFraction = 1 }: Pick<Preprocessing, 'cropMode' | 'cropFraction'>,
  resample: string,
  color: readonly number[],
): string[] {
  const side = Math.floor(size / cropFraction);
  const centered = `left, top = (round((length - ${size}) / 2) for length in image.size)`;
  const crop = [centered, `image = image.crop((left, top, left + ${size}, top + ${size}))`];
  if (cropMode === 'squash') {
    const resized = `image = image.resize((${side}, ${side}), ${resample})`;
    return side === size ? [resized] : [resized, ...crop];
  }
  if (cropMode === 'center') {
    return [
      'short = min(image.size)',
      `image = image.resize([length * ${side} // short for length in image.size], ${resample})`,
      ...crop,
    ];
  }
  return [
    `ratio = max(image.size) / ${side}`,
    `image = image.resize([max(1, round(length / ratio)) for length in image.size], ${resample})`,
    `square = Image.new('RGB', (${size}, ${size}), (${color.join(', ')}))`,
    `offsets = [(${size} - n) // 2 if n <= ${size} else -round((n - ${size}) / 2) for n in image.size]`,
    'square.paste(image, tuple(offsets))',
    'image = square',
  ];
}
