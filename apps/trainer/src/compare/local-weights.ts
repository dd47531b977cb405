import { statSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import type { Config } from '../config/config.js';
import { UserError } from '../user-error.js';

/** Files that stand in for models of a study's config, by how the study names these: `timm/lcnet_050.ra2_in1k`. */
export type LocalWeights = ReadonlyMap<string, string>;

/**
 * Reads `MODEL=FILE`, several of them.
 * @throws UserError if one has no `=`, names a file that is not there, or two are of one model.
 */
export function parseLocalWeights(texts: readonly string[]): LocalWeights {
  const files = new Map<string, string>();
  for (const text of texts) {
    const written = `--weights ${text}`;
    const equals = text.indexOf('=');
    const hint = 'Write MODEL=FILE, such as --weights timm/lcnet_050.ra2_in1k=lcnet_050.safetensors.';
    if (equals < 1 || equals === text.length - 1) {
      throw new UserError(`${written}: expected MODEL=FILE`, { hint });
    }
    const [model, file] = [text.slice(0, equals), resolve(text.slice(equals + 1))];
    if (!statSync(file, { throwIfNoEntry: false })?.isFile()) {
      throw new UserError(`${written}: there is no file ${file}`);
    }
    if (files.has(model)) throw new UserError(`${written}: ${model} is given twice`);
    files.set(model, file);
  }
  return files;
}

/** Where a config's weights come from: a backbone's and a teacher's. */
function modelsOf({ model, distillation }: Config): string[] {
  const teacher = distillation?.teacher;
  const ofTeacher = teacher && ('onnx' in teacher ? teacher.onnx : teacher.weights);
  return [model.pretrained, ofTeacher].filter((one) => one !== undefined);
}

/** The config with files in the place of models. */
export function withLocalWeights(config: Config, files: LocalWeights): Config {
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

/** @throws UserError for a file that no config has come to: it would be left out silently otherwise. */
export function checkLocalWeights(files: LocalWeights, configs: readonly Config[]): void {
  const used = new Set(configs.flatMap(modelsOf));
  for (const [model, file] of files) {
    if (used.has(file)) continue;
    const others = [...used].filter((one) => ![...files.values()].includes(one));
    throw new UserError(`--weights ${model}=…: no arm of the study has weights of ${model}`, {
      hint: others.length > 0 ? `There are ${others.join(', ')}.` : 'No other weights are wanted.',
    });
  }
}

/** Models and the names of the files that stood in for them: where these lie is nobody's business. */
export const localWeightsWords = (files: LocalWeights): Record<string, string> =>
  Object.fromEntries([...files].map(([model, file]) => [model, basename(file)]));
