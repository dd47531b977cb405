import { UserError } from '../user-error.js';
import type { Override } from './overrides.js';

/** The network of both document models. */
const DOCUMENT_NETWORK = {
  backbone: 'tf_efficientnet_lite0',
  outIndex: 3,
  neck: 'squeeze',
  squeezeRatio: 0.125,
  norm: 'layernorm-batchnorm',
  embeddingSize: 256,
} as const;

/** What a config has that starts from a shipped model: the settings that the shapes of its weights depend on. */
export const SHIPPED_ARCHITECTURES = {
  'document-base': { imageSize: 224, model: DOCUMENT_NETWORK },
  'document-small': { imageSize: 128, model: DOCUMENT_NETWORK },
} as const;

/** The name of a model of `@unitsphere/models`. */
export type ShippedName = keyof typeof SHIPPED_ARCHITECTURES;

/** Returns whether a name is that of a shipped model. */
export function isShipped(name: unknown): name is ShippedName {
  return typeof name === 'string' && Object.hasOwn(SHIPPED_ARCHITECTURES, name);
}

/**
 * Sets the architecture of the shipped model that `model.pretrained` names, in place of a file's, and its size of images where
 * none is set; does nothing without one.
 * @throws UserError if the command line sets another architecture.
 */
export function applyShippedArchitecture(
  settings: Record<string, unknown>,
  overrides: readonly Override[],
): void {
  const name = section(settings, 'model')?.pretrained;
  if (!isShipped(name)) return;
  const { imageSize, model } = SHIPPED_ARCHITECTURES[name];
  for (const [key, value] of Object.entries(model)) {
    const other = overrides.findLast(({ path }) => path.join('.') === `model.${key}`);
    if (other?.value !== undefined && other.value !== value) {
      throw new UserError(`${other.written}: ${name} has model.${key}=${value}`, {
        hint: `Leave it out, or start from another network than model.pretrained=${name}.`,
      });
    }
  }
  Object.assign(section(settings, 'model') ?? {}, model);
  // Images may have another size: the head is resampled to it.
  if (settings.data === undefined) settings.data = {};
  const data = section(settings, 'data');
  if (data && data.imageSize === undefined) data.imageSize = imageSize;
}

/** Returns a section of the settings; undefined if it is missing or no section, which the check of the config reports. */
function section(settings: Record<string, unknown>, name: string): Record<string, unknown> | undefined {
  const value = settings[name];
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : undefined;
}
