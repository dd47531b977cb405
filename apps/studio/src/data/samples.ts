import { DocumentSource } from '@unitsphere/data';
import { getElement } from '../dom/get-element.js';
import { createCanvasFactory } from '../served.js';
import { toImageData } from '../to-image-data.js';

const COUNT = 8;

/** Shows some of the documents used for training. */
export async function showSamples(): Promise<void> {
  const strip = getElement('samples');
  strip.replaceChildren(...Array.from({ length: COUNT }, () => document.createElement('span')));
  const source = await DocumentSource.create({ identities: COUNT, size: 256 }, createCanvasFactory());
  for (const [identity, place] of [...strip.children].entries()) {
    const pixels = toImageData(source.load(identity, 0));
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [pixels.width, pixels.height];
    // `willReadFrequently` keeps the canvas in main memory, so it survives the loss of the graphics card.
    canvas.getContext('2d', { willReadFrequently: true })?.putImageData(pixels, 0, 0);
    place.replaceWith(canvas);
    // Yields, so that the page stays responsive.
    await new Promise((resolve) => setTimeout(resolve));
  }
}
