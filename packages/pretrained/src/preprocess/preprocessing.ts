/** How an image becomes a network's input. It belongs to the weights, which mean nothing without it. */
export interface Preprocessing {
  /** Side of the square input, in pixels. */
  imageSize: number;
  /** The order of the channels in the input. */
  channelOrder: 'RGB' | 'BGR';
  /** Taken from pixel / 255, per channel of the input. */
  mean: [number, number, number];
  /** What the difference is divided by, per channel of the input. */
  std: [number, number, number];
  /** The side of the input over that of the image it is cut from, at the center. Default 1: nothing is cut away. */
  cropFraction?: number;
  /**
   * `center`: the short side is resized and the aspect ratio kept, so that of a wide or high image the ends are cut away.
   * `squash`: both sides are resized, whatever the aspect ratio. timm's crop_mode. Default `center`.
   */
  cropMode?: 'center' | 'squash';
  /** How images are resized. Default `bilinear`. */
  interpolation?: 'nearest' | 'bilinear' | 'bicubic';
}

/** A JSON text that is no preprocessing. */
export class PreprocessingError extends Error {
  override name = 'PreprocessingError';
}

const CROP_MODES = ['center', 'squash'];
const INTERPOLATIONS = ['nearest', 'bilinear', 'bicubic'];

/** The preprocessing as the JSON text that is kept beside the weights; `parsePreprocessing` reads it. */
export function stringifyPreprocessing(preprocessing: Preprocessing): string {
  return `${JSON.stringify(preprocessing, null, 2)}\n`;
}

/**
 * Reads a preprocessing from JSON: our own, or timm's config.json (its `pretrained_cfg`).
 * @throws PreprocessingError that names the entry that is missing or wrong.
 */
export function parsePreprocessing(json: string): Preprocessing {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (error) {
    throw new PreprocessingError(`The preprocessing is not JSON: ${(error as Error).message}.`, {
      cause: error,
    });
  }
  if (!isRecord(value)) throw new PreprocessingError('The preprocessing is not a JSON object.');
  if (isRecord(value.pretrained_cfg)) return checked(fromTimm(value.pretrained_cfg));
  return checked(value);
}

/** timm's PretrainedCfg. */
function fromTimm(cfg: Record<string, unknown>): Record<string, unknown> {
  const { input_size: size, mean, std, crop_pct: cropFraction, interpolation } = cfg;
  const { crop_mode: cropMode } = cfg;
  const [, height, width] = Array.isArray(size) ? size : [];
  if (height !== width)
    throw new PreprocessingError(`input_size is ${JSON.stringify(size)}; only square inputs are used here.`);
  return { imageSize: height, channelOrder: 'RGB', mean, std, cropFraction, cropMode, interpolation };
}

function checked(value: Record<string, unknown>): Preprocessing {
  const { imageSize, channelOrder, mean, std, cropFraction, cropMode, interpolation } = value;
  const wrong = (name: string, needed: string, found: unknown) =>
    new PreprocessingError(`${name} must be ${needed}, not ${JSON.stringify(found)?.slice(0, 100)}.`);
  if (!Number.isInteger(imageSize) || (imageSize as number) < 1 || (imageSize as number) > 65_536)
    throw wrong('imageSize', 'a number of pixels', imageSize);
  if (channelOrder !== 'RGB' && channelOrder !== 'BGR')
    throw wrong('channelOrder', '"RGB" or "BGR"', channelOrder);
  if (!isTriple(mean)) throw wrong('mean', 'three numbers', mean);
  if (!isTriple(std) || std.some((s) => s <= 0)) throw wrong('std', 'three numbers above 0', std);
  const isFraction = typeof cropFraction === 'number' && cropFraction > 0 && cropFraction <= 1;
  if (cropFraction !== undefined && !isFraction)
    throw wrong('cropFraction', 'above 0 and at most 1', cropFraction);
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
