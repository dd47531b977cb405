import type { ImageFunctions } from './image-interface.js';
import { loadedAddon, nativeStatus } from './load.js';

/**
 * Returns the addon's functions on images; undefined if there is no addon for this platform and processor, if it is faulty, or if
 * `UNITSPHERE_NATIVE=0` is set. Their results are the same bytes as those of the JavaScript code that they replace.
 * @param isa Instruction set; by default the best one that the processor supports.
 * @throws Error if the processor does not support `isa`.
 */
export function imageFunctions(isa = nativeStatus().isa): ImageFunctions | undefined {
  const addon = loadedAddon();
  // An addon that was built for an older version of this package may have no such function.
  return isa && addon && 'images' in addon ? addon.images(isa) : undefined;
}
