import { readSafetensors, type StateDict } from '@unitsphere/core';
import { EmbedderError } from '../embedder-error.js';
import type { ModelFiles } from './model-files.js';

/** Reads a file of a model. @throws EmbedderError if there is none. */
export async function requireFile(files: ModelFiles, name: string): Promise<Uint8Array> {
  const bytes = await files.read(name);
  if (bytes) return bytes;
  throw new EmbedderError('MODEL_INVALID', `${files.name} has no ${name}`);
}

/**
 * Reads the weights: model.safetensors, or a checkpoint's backbone.safetensors (with timm's keys) and head.safetensors.
 * @throws EmbedderError if they are missing or damaged.
 */
export async function readWeights(files: ModelFiles): Promise<StateDict> {
  const whole = await files.read('model.safetensors');
  if (whole) return readTensors(files, 'model.safetensors', whole);
  const backbone = await files.read('backbone.safetensors');
  if (!backbone) throw new EmbedderError('MODEL_INVALID', `${files.name} has no model.safetensors`);
  const head = await requireFile(files, 'head.safetensors');
  return new Map([
    ...[...readTensors(files, 'backbone.safetensors', backbone)].map(
      ([key, tensor]) => [`backbone.${key}`, tensor] as const,
    ),
    ...readTensors(files, 'head.safetensors', head),
  ]);
}

function readTensors(files: ModelFiles, name: string, bytes: Uint8Array): StateDict {
  return parseFile(files, name, () => readSafetensors(bytes).tensors, 'WEIGHTS_INVALID');
}

/** Parses a file. @throws EmbedderError with its name. */
export function parseFile<T>(
  { name }: ModelFiles,
  file: string,
  parse: () => T,
  code: 'MODEL_INVALID' | 'WEIGHTS_INVALID' = 'MODEL_INVALID',
): T {
  try {
    return parse();
  } catch (error) {
    throw new EmbedderError(code, `${file} of ${name} cannot be used: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

/** Parses a JSON object. @throws SyntaxError or TypeError if the bytes are something else. */
export function toJsonObject(bytes: Uint8Array): Record<string, unknown> {
  const value: unknown = JSON.parse(new TextDecoder().decode(bytes));
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return value as Record<string, unknown>;
  }
  throw new TypeError('it is not a JSON object');
}
