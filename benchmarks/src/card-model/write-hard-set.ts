import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { SceneSource, type SceneSourceOptions } from '@unitsphere/data';
import sharp from 'sharp';

/** The seed of the hard set. No training uses it, so that none of its houses and documents is trained on. */
export const HARD_SET_SEED = 20261130;

/** Options of {@link writeHardSet}. */
export interface HardSetOptions extends Pick<SceneSourceOptions, 'photographs' | 'pictures'> {
  identities: number;
  /** Side of the images in pixels. */
  side: number;
}

/**
 * Writes the hard set, `DIR/IDENTITY/SAMPLE.png`: sample 0 is the flat card, the other eight are photographs of it in clutter, with
 * glare, tilted by up to 30° and covered by up to 20 %. Half of the identities are documents, which `source: cards` never draws.
 */
export async function writeHardSet(
  dir: string,
  { identities, side, photographs, pictures }: HardSetOptions,
  log: (message: string) => void = () => undefined,
): Promise<void> {
  const source = await SceneSource.create({
    identities,
    seed: HARD_SET_SEED,
    size: side,
    photographs,
    pictures,
  });
  for (const [identity, { name, samples }] of source.identities.entries()) {
    log(`${identity + 1} of ${identities}`);
    await mkdir(join(dir, name), { recursive: true });
    for (let sample = 0; sample < samples; sample++) {
      const { width, height, data } = await source.load(identity, sample);
      await sharp(data, { raw: { width, height, channels: 3 } })
        .png()
        .toFile(join(dir, name, `${sample}.png`));
    }
    // A canvas frees its pixel memory only when the event loop turns.
    await new Promise((resolve) => setImmediate(resolve));
  }
}
