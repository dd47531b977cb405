import { statSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import type { Config } from '../config/config.js';
import { UserError } from '../user-error.js';

/** Paths of local weights by the model names that they replace in a study, for example `timm/lcnet_050.ra2_in1k`. */
export type LocalWeights = ReadonlyMap<string, string>;

/**
 * Parses a list of `MODEL=FILE`.
 * @throws UserError if one has no `=`, a file does not exist, or a model occurs twice.
 */
export function parseLocalWeights(texts: readonly string[]): LocalWeights {
  const files = new Map<string, string>();
  for (const text of texts) {
    const written = `--weights ${text}`;
    const equals = text.indexOf('=');
    const hint = 'For example: --weights timm/lcnet_050.ra2_in1k=lcnet_050.safetensors';
    if (equals < 1 || equals === text.length - 1) {
      throw new UserError(`${written}: expected MODEL=FILE`, { hint });
    }
    const [model, file] = [text.slice(0, equals), resolve(text.slice(equals + 1))];
    if (!statSync(file, { throwIfNoEntry: false })?.isFile()) {
      throw new UserError(`${written}: the file ${file} does not exist`);
    }
    if (files.has(model)) throw new UserError(`${written}: ${model} is given twice`);
    files.set(model, file);
  }
  return files;
}

/** Lists the weights of a config: those of the backbone and of the teacher, if any. */
function listWeights({ model, distillation }: Config): string[] {
  const teacher = distillation?.teacher;
  const teacherWeights = teacher && ('onnx' in teacher ? teacher.onnx : teacher.weights);
  return [model.pretrained, teacherWeights].filter((one) => one !== undefined);
}

/** Replaces the models of a config by local files. */
export function useLocalWeights(config: Config, files: LocalWeights): Config {
  const { model, distillation } = config;
  const local = (name: string) => files.get(name) ?? name;
  return {
    ...config,
    model: model.pretrained === undefined ? model : { ...model, pretrained: local(model.pretrained) },
    distillation: distillation && { ...distillation, teacher: localTeacher(distillation.teacher, local) },
  };
}

type Teacher = NonNullable<Config['distillation']>['teacher'];

function localTeacher(teacher: Teacher, local: (name: string) => string): Teacher {
  return 'onnx' in teacher
    ? { ...teacher, onnx: local(teacher.onnx) }
    : { ...teacher, weights: local(teacher.weights) };
}

/** @throws UserError for a file that no config uses, because it would be ignored silently. */
export function checkLocalWeights(files: LocalWeights, configs: readonly Config[]): void {
  const used = new Set(configs.flatMap(listWeights));
  for (const [model, file] of files) {
    if (used.has(file)) continue;
    const others = [...used].filter((one) => ![...files.values()].includes(one));
    throw new UserError(`--weights ${model}=…: no arm of the study uses weights of ${model}`, {
      hint: others.length > 0 ? `It uses ${others.join(', ')}.` : 'Omit it: the study uses no other weights.',
    });
  }
}

/** Returns the names of the local files by model. Folders are omitted, because results are published. */
export const nameLocalWeights = (files: LocalWeights): Record<string, string> =>
  Object.fromEntries([...files].map(([model, file]) => [model, basename(file)]));
