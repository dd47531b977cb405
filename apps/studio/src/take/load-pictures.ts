import { decodeImage, type PixelImage, squash } from '@unitsphere/images';
import type { PictureSet } from '../data/picture-set.js';

/** Decodes pictures of a set at equal distances, at most `count`, resized to a network's size. */
export async function loadPictures(set: PictureSet, count: number, size: number): Promise<PixelImage[]> {
  const { pictures } = set;
  const chosen = Math.min(count, pictures.length);
  const images: PixelImage[] = [];
  for (let i = 0; i < chosen; i++) {
    const { image } = pictures[Math.floor((i * pictures.length) / chosen)];
    images.push(squash(await decodeImage(image), size));
  }
  return images;
}
