import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseSource } from '@unitsphere/pretrained';
import { UserError } from '../user-error.js';
import { type Config, isFileData, type TeacherConfig } from './config.js';
import { isAddress } from './file-sources.js';
import type { Override } from './overrides.js';
import { parseConfig } from './parse-config.js';
import { RECIPES } from './shipped.js';
import { isShipped } from './shipped-architecture.js';

/**
 * Loads a config file, a built-in config by its name, or the defaults. Relative paths in it are resolved against the working
 * folder.
 * @throws UserError if the file cannot be read, or as {@link parseConfig}.
 */
export function loadConfig(file: string | undefined, overrides: readonly Override[] = []): Config {
  const text = file === undefined ? '' : readText(file);
  return absolutePaths(parseConfig(text, { file: file ?? 'the defaults', overrides }));
}

function readText(given: string): string {
  const hint = `To resume a run, use --resume ${given}. To train on the folder's images, use --data ${given}.`;
  const file = RECIPES.find(given, hint);
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new UserError(`the config file ${file} cannot be read: ${(cause as Error).message}`, { cause });
  }
}

/** Resolves the config's relative paths against the working folder. */
export function absolutePaths(config: Config): Config {
  const { data, model, training, evaluation, distillation, output } = config;
  return {
    ...config,
    data: isFileData(data)
      ? {
          ...data,
          path: isAddress(data.path) ? data.path : resolve(data.path),
          ...(data.cacheDir && { cacheDir: resolve(data.cacheDir) }),
        }
      : data.source === 'cards' && data.photographs
        ? { ...data, photographs: resolve(data.photographs) }
        : data,
    model:
      model.pretrained === undefined
        ? model
        : { ...model, pretrained: absoluteSource('model.pretrained', model.pretrained) },
    evaluation: { ...evaluation, pairFiles: evaluation.pairFiles.map((file) => resolve(file)) },
    training: training.growFrom ? { ...training, growFrom: resolve(training.growFrom) } : training,
    distillation: distillation && {
      ...distillation,
      teacher: absoluteTeacher(distillation.teacher),
      ...(distillation.cacheDir && { cacheDir: resolve(distillation.cacheDir) }),
    },
    output: { ...output, directory: resolve(output.directory) },
  };
}

function absoluteTeacher(teacher: TeacherConfig): TeacherConfig {
  return 'onnx' in teacher
    ? { ...teacher, onnx: resolve(teacher.onnx) }
    : { ...teacher, weights: absoluteSource('distillation.teacher.weights', teacher.weights) };
}

/** Resolves the path of a file; returns an address, a model of the hub or a shipped one unchanged. */
function absoluteSource(key: string, source: string): string {
  if (isShipped(source)) return source;
  try {
    return parseSource(source).kind === 'file' ? resolve(source) : source;
  } catch (error) {
    throw new UserError(`${key}: ${(error as Error).message}`, { cause: error });
  }
}
