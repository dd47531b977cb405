import { DocumentSource } from '@unitsphere/data';
import { getElement } from '../dom/get-element.js';
import { createCanvasFactory } from '../served.js';

const COUNT = 8;

/** Shows some of the documents used for training. */
export async function showSamples(): Promise<void> {
  const strip = getElement('samples');
  strip.replaceChildren(...Array.from({ length: COUNT }, () => document.createElement('span')));
  const source = await DocumentSource.create({ identities: COUNT, size: 256 }, createCanvasFactory());
  for (const [identity, place] of [...strip.children].entries()) {
    const { data, width, height } = source.load(identity, 0);
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [width, height];
    const pixels = new ImageData(width, height);
    for (let from = 0, to = 0; from < data.length; to++) {
      pixels.data[to] = to % 4 === 3 ? 255 : data[from++];
    }
    pixels.data[pixels.data.length - 1] = 255;
    // `willReadFrequently` keeps the canvas in main memory, so it survives the loss of the graphics card.
    canvas.getContext('2d', { willReadFrequently: true })?.putImageData(pixels, 0, 0);
    place.replaceWith(canvas);
    // Yields, so that the page stays responsive.
    await new Promise((resolve) => setTimeout(resolve));
  }
}
