import type { Backbone } from '@unitsphere/backbones';
import { writeSafetensors } from '@unitsphere/core';
import { type Preprocessing, stringifyPreprocessing } from './preprocess/preprocessing.js';
import { builtin, hasFiles } from './sources/builtin.js';
import { writeWhole } from './sources/cache.js';
import { SourceError } from './sources/source-error.js';

/** A backbone's weights as the bytes of a safetensors file that timm opens: its keys, float32, OIHW kernels. */
export async function timmWeights(model: Backbone): Promise<Uint8Array> {
  // timm and transformers ask for this entry.
  return writeSafetensors(await model.stateDict(), { format: 'pt' });
}

/**
 * Saves a backbone's weights as a safetensors file that opens in timm: `timm.create_model(name, features_only=True)`, then
 * `load_state_dict(safetensors.torch.load_file(file), strict=True)`. The file is there whole or not at all.
 * @param file The path, which should end in .safetensors.
 * @param options.preprocessing Kept beside it as JSON, under the same name with .json; `loadPretrained` finds it there.
 * @throws SourceError when it cannot be written, or in a browser, where `timmWeights` gives the bytes.
 */
export async function saveTimm(
  model: Backbone,
  file: string,
  { preprocessing }: { preprocessing?: Preprocessing } = {},
): Promise<void> {
  if (!hasFiles())
    throw new SourceError('saveTimm writes files, which a browser cannot; timmWeights gives the bytes.');
  const bytes = await timmWeights(model);
  try {
    await builtin('node:fs/promises').mkdir(builtin('node:path').dirname(file), { recursive: true });
    if (preprocessing) {
      const json = file.replace(/(\.[^./\\]+)?$/, '.json');
      await writeWhole(json, new TextEncoder().encode(stringifyPreprocessing(preprocessing)));
    }
    await writeWhole(file, bytes);
  } catch (error) {
    throw new SourceError(`${file} cannot be written: ${(error as Error).message}.`, { cause: error });
  }
}
