/** Conversion of images to a network's input. Weights require the preprocessing that they were trained with. */
export interface Preprocessing {
  /** Side of the square input, in pixels. */
  imageSize: number;
  /** Order of the channels in the input. */
  channelOrder: 'RGB' | 'BGR';
  /** Subtracted from pixel / 255, per channel of the input. */
  mean: [number, number, number];
  /** Divisor of that difference, per channel of the input. */
  std: [number, number, number];
  /** Ratio of the input's side to the side of the resized image from whose center it is cropped. Default: 1, no cropping. */
  cropFraction?: number;
  /**
   * timm's crop_mode. `center` resizes the short side and keeps the aspect ratio, so the ends of the long side are cropped.
   * `squash` resizes both sides and ignores the aspect ratio. `border` resizes the long side and adds borders in the color `mean`
   * (letterbox). Default: `center`.
   */
  cropMode?: 'center' | 'squash' | 'border';
  /** Filter for resizing. Default: `bilinear`. */
  interpolation?: 'nearest' | 'bilinear' | 'bicubic';
}

/** Thrown for JSON that is not a valid preprocessing. */
export class PreprocessingError extends Error {
  override name = 'PreprocessingError';
  readonly code = 'PREPROCESSING_INVALID';
}

const CROP_MODES = ['center', 'squash', 'border'];
const INTERPOLATIONS = ['nearest', 'bilinear', 'bicubic'];

/** Formats a preprocessing as JSON, to store beside the weights. `parsePreprocessing` reads it. */
export function stringifyPreprocessing(preprocessing: Preprocessing): string {
  return `${JSON.stringify(preprocessing, null, 2)}\n`;
}

/**
 * Parses a preprocessing from JSON, either our own or the `pretrained_cfg` in timm's config.json.
 * @throws PreprocessingError with the name of the missing or wrong entry.
 */
export function parsePreprocessing(json: string): Preprocessing {
  const value = parseJsonObject(json, 'The preprocessing');
  if (isRecord(value.pretrained_cfg)) return checkPreprocessing(fromTimm(value.pretrained_cfg));
  return checkPreprocessing(value);
}

/** Parses a JSON object. @throws PreprocessingError if the text is something else. */
export function parseJsonObject(json: string, what: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (error) {
    throw new PreprocessingError(`${what} is not JSON: ${(error as Error).message}.`, { cause: error });
  }
  if (!isRecord(value)) throw new PreprocessingError(`${what} is not a JSON object.`);
  return value;
}

/** Converts timm's PretrainedCfg. */
function fromTimm(cfg: Record<string, unknown>): Record<string, unknown> {
  const { input_size: size, mean, std, crop_pct: cropFraction, interpolation } = cfg;
  const { crop_mode: cropMode } = cfg;
  const [, height, width] = Array.isArray(size) ? size : [];
  if (height !== width)
    throw new PreprocessingError(`input_size is ${JSON.stringify(size)}; only square inputs are supported.`);
  return { imageSize: height, channelOrder: 'RGB', mean, std, cropFraction, cropMode, interpolation };
}

/** Checks a preprocessing of unknown origin. @throws PreprocessingError with the name of the missing or wrong entry. */
export function checkPreprocessing(value: Record<string, unknown>): Preprocessing {
  const { imageSize, channelOrder, mean, std, cropFraction, cropMode, interpolation } = value;
  const wrong = (name: string, expected: string, found: unknown) =>
    new PreprocessingError(`${name} must be ${expected}, not ${JSON.stringify(found)?.slice(0, 100)}.`);
  if (!Number.isInteger(imageSize) || (imageSize as number) < 1 || (imageSize as number) > 65_536)
    throw wrong('imageSize', 'an integer in [1, 65536]', imageSize);
  if (channelOrder !== 'RGB' && channelOrder !== 'BGR')
    throw wrong('channelOrder', '"RGB" or "BGR"', channelOrder);
  if (!isTriple(mean)) throw wrong('mean', 'three numbers', mean);
  if (!isTriple(std) || std.some((s) => s <= 0)) throw wrong('std', 'three positive numbers', std);
  const isFraction = typeof cropFraction === 'number' && cropFraction > 0 && cropFraction <= 1;
  if (cropFraction !== undefined && !isFraction) throw wrong('cropFraction', 'in (0, 1]', cropFraction);
  if (cropMode !== undefined && !CROP_MODES.includes(cropMode as string))
    throw wrong('cropMode', CROP_MODES.join(' or '), cropMode);
  if (interpolation !== undefined && !INTERPOLATIONS.includes(interpolation as string))
    throw wrong('interpolation', INTERPOLATIONS.join(' or '), interpolation);
  return {
    imageSize: imageSize as number,
    channelOrder,
    mean,
    std,
    ...(cropFraction !== undefined && { cropFraction: cropFraction as number }),
    ...(cropMode !== undefined && { cropMode: cropMode as Preprocessing['cropMode'] }),
    ...(interpolation !== undefined && { interpolation: interpolation as Preprocessing['interpolation'] }),
  };
}

function isTriple(value: unknown): value is [number, number, number] {
  return Array.isArray(value) && value.length === 3 && value.every((v) => Number.isFinite(v));
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
