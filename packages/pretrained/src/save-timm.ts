import type { Backbone } from '@unitsphere/backbones';
import { writeSafetensors } from '@unitsphere/core';
import { builtinModule, explainWriteError, writeFileAtomic } from '@unitsphere/core/disk';
import { type Preprocessing, stringifyPreprocessing } from '@unitsphere/images';
import { hasFiles } from './sources/environment.js';
import { SourceError } from './sources/source-error.js';

/** Returns a backbone's weights as the bytes of a safetensors file for timm: timm's keys, float32, OIHW kernels. */
export async function timmWeights(model: Backbone): Promise<Uint8Array> {
  // timm and transformers require this entry.
  return writeSafetensors(await model.stateDict(), { format: 'pt' });
}

/**
 * Saves a backbone's weights as a safetensors file for timm: `timm.create_model(name, features_only=True)`, then
 * `load_state_dict(safetensors.torch.load_file(file), strict=True)`; for a vision transformer, `load_state_dict` of its `.model`. The
 * file is written atomically.
 * @param file Path of the file, which should end in .safetensors.
 * @param options.preprocessing Saved as JSON beside the file, with the extension .json, where `loadPretrained` finds it.
 * @throws SourceError if it cannot be written, and in a browser; there, use `timmWeights`.
 */
export async function saveTimm(
  model: Backbone,
  file: string,
  { preprocessing }: { preprocessing?: Preprocessing } = {},
): Promise<void> {
  if (!hasFiles())
    throw new SourceError(
      'saveTimm cannot write files in a browser; use timmWeights, which returns the bytes.',
    );
  const bytes = await timmWeights(model);
  try {
    await builtinModule('node:fs/promises').mkdir(builtinModule('node:path').dirname(file), {
      recursive: true,
    });
    if (preprocessing) {
      const json = file.replace(/(\.[^./\\]+)?$/, '.json');
      await writeFileAtomic(json, stringifyPreprocessing(preprocessing));
    }
    await writeFileAtomic(file, bytes);
  } catch (error) {
    const reason = explainWriteError(file, error) ?? (error as Error).message;
    throw new SourceError(`${file} cannot be written: ${reason}.`, { cause: error });
  }
}
