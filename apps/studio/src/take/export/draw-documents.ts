import { DocumentSource } from '@unitsphere/data';
import type { PixelImage } from '@unitsphere/images';
import { createCanvasFactory } from '../../served.js';

// Documents that no training draws: trainings use small seeds.
const SEED = 2 ** 31 - 1;

/** Draws documents of a network's size, each of another identity, that are in no training. */
export async function drawDocuments(count: number, size: number): Promise<PixelImage[]> {
  const source = await DocumentSource.create({ identities: count, size, seed: SEED }, createCanvasFactory());
  const images: PixelImage[] = [];
  for (let identity = 0; identity < count; identity++) {
    images.push(source.load(identity, 0));
    // Yields, so that the page stays responsive.
    if (identity % 8 === 7) await new Promise((resolve) => setTimeout(resolve));
  }
  return images;
}
