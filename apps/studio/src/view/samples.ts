import { DocumentSource } from '@unitsphere/data';
import { element } from '../element.js';
import { canvases } from '../served.js';

const COUNT = 8;

/** Shows some of the documents that are trained on. */
export async function showSamples(): Promise<void> {
  const strip = element('samples');
  strip.replaceChildren(...Array.from({ length: COUNT }, () => document.createElement('span')));
  const source = await DocumentSource.create({ identities: COUNT, size: 256 }, canvases());
  for (const [identity, place] of [...strip.children].entries()) {
    const { data, width, height } = source.load(identity, 0);
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [width, height];
    const pixels = new ImageData(width, height);
    for (let from = 0, to = 0; from < data.length; to++) {
      pixels.data[to] = to % 4 === 3 ? 255 : data[from++];
    }
    pixels.data[pixels.data.length - 1] = 255;
    // In the processor's memory, which a lost graphics card leaves alone.
    canvas.getContext('2d', { willReadFrequently: true })!.putImageData(pixels, 0, 0);
    place.replaceWith(canvas);
    // The page stays responsive between them.
    await new Promise((resolve) => setTimeout(resolve));
  }
}
