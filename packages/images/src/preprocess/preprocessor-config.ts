import {
  checkPreprocessing,
  type Preprocessing,
  PreprocessingError,
  parseJsonObject,
} from './preprocessing.js';

/** Pillow's numbers of the filters. */
const RESAMPLE = { nearest: 0, bilinear: 2, bicubic: 3 } as const;
/** Side of Hugging Face's `size` and `crop_size`: one number, both sides, or the short side. */
type HubSize = number | { height?: number; width?: number; shortest_edge?: number; longest_edge?: number };

/**
 * Formats a preprocessing as Hugging Face's preprocessor_config.json, which transformers and transformers.js read. `crop_mode` and
 * `crop_pct` are timm's names; transformers ignores them, and has no equivalent of the crop mode `border`.
 */
export function formatPreprocessorConfig(preprocessing: Preprocessing): string {
  const { imageSize, channelOrder, mean, std, interpolation = 'bilinear' } = preprocessing;
  const { cropFraction = 1, cropMode = 'center' } = preprocessing;
  const side = Math.floor(imageSize / cropFraction);
  const isBgr = channelOrder === 'BGR';
  const both = (length: number) => ({ height: length, width: length });
  const sizes = { squash: both(side), center: { shortest_edge: side }, border: { longest_edge: side } };
  const isCropped = cropMode === 'center' || side > imageSize;
  const config = {
    image_processor_type: 'ViTImageProcessor',
    do_convert_rgb: true,
    do_resize: true,
    size: sizes[cropMode],
    resample: RESAMPLE[interpolation],
    do_center_crop: isCropped,
    ...(isCropped && { crop_size: both(imageSize) }),
    do_rescale: true,
    rescale_factor: 1 / 255,
    do_normalize: true,
    // transformers flips the channels after it has normalized them.
    image_mean: isBgr ? mean.toReversed() : mean,
    image_std: isBgr ? std.toReversed() : std,
    ...(isBgr && { do_flip_channel_order: true }),
    crop_mode: cropMode,
    crop_pct: cropFraction,
    input_size: [3, imageSize, imageSize],
  };
  return `${JSON.stringify(config, null, 2)}\n`;
}

/**
 * Parses Hugging Face's preprocessor_config.json, of our own or of another model.
 * @throws PreprocessingError with the name of the missing, wrong or unsupported entry.
 */
export function parsePreprocessorConfig(json: string): Preprocessing {
  const config = parseJsonObject(json, 'The preprocessor_config.json');
  const { image_mean: mean, image_std: std, crop_mode: cropMode, crop_pct: cropFraction } = config;
  const isOn = (name: string) => config[name] !== false;
  if (!isOn('do_rescale') || !isOn('do_resize')) {
    throw new PreprocessingError('do_rescale and do_resize must not be false in preprocessor_config.json.');
  }
  const factor = config.rescale_factor ?? 1 / 255;
  if (typeof factor !== 'number' || Math.abs(factor * 255 - 1) > 1e-6) {
    throw new PreprocessingError(`rescale_factor must be 1/255, not ${JSON.stringify(factor)}.`);
  }
  const interpolation = Object.entries(RESAMPLE).find(([, number]) => number === (config.resample ?? 2))?.[0];
  if (!interpolation) {
    throw new PreprocessingError(`resample must be 0, 2 or 3, not ${JSON.stringify(config.resample)}.`);
  }
  const isBgr = config.do_flip_channel_order === true;
  const ordered = (values: unknown) => (isBgr && Array.isArray(values) ? values.toReversed() : values);
  const sizes = readSizes(config);
  return checkPreprocessing({
    imageSize: sizes.imageSize,
    channelOrder: isBgr ? 'BGR' : 'RGB',
    mean: isOn('do_normalize') ? ordered(mean) : [0, 0, 0],
    std: isOn('do_normalize') ? ordered(std) : [1, 1, 1],
    cropFraction: cropFraction ?? sizes.cropFraction,
    cropMode: cropMode ?? sizes.cropMode,
    interpolation,
  });
}

/** Derives the crop from `size` and `crop_size`. */
function readSizes(config: Record<string, unknown>) {
  const [, inputSize] = Array.isArray(config.input_size) ? config.input_size : [];
  const size = config.size as HubSize | undefined;
  const isCropped = config.do_center_crop === true;
  const crop = isCropped ? sideOf('crop_size', config.crop_size as HubSize | undefined) : undefined;
  if (typeof size === 'object' && size.longest_edge !== undefined) {
    return { imageSize: inputSize ?? crop ?? size.longest_edge, cropMode: 'border', cropFraction: undefined };
  }
  const isShortSide = typeof size === 'object' && size.shortest_edge !== undefined;
  const resized = isShortSide ? size.shortest_edge : sideOf('size', size);
  const imageSize = crop ?? resized;
  return {
    imageSize,
    cropMode: isShortSide ? 'center' : 'squash',
    // Half a pixel, so that rounding errors do not change floor(imageSize / cropFraction).
    cropFraction: resized === imageSize ? 1 : Number(imageSize) / (Number(resized) + 0.5),
  };
}

function sideOf(name: string, size: HubSize | undefined): number | undefined {
  if (typeof size !== 'object') return size;
  const { height, width, shortest_edge: edge } = size ?? {};
  if (height !== width) {
    throw new PreprocessingError(`${name} is ${JSON.stringify(size)}; only square inputs are supported.`);
  }
  return height ?? edge;
}
