import { parseArgs } from 'node:util';
import { BatchLoader, type TransformName } from '@unitsphere/data';
import sharp from 'sharp';
import { serve } from '../contender/serve.js';

// Contender: loads batches of images from a folder of JPEG files, timed on demand: decoded each time, or with --cache read from a
// cache of decoded images on disk.

const { values } = parseArgs({
  options: {
    folder: { type: 'string' },
    size: { type: 'string' },
    batch: { type: 'string' },
    cache: { type: 'string' },
  },
});
const { folder = '', size = '128', batch = '32', cache = false } = values;

/** The operations that every contender has. */
const TRANSFORMS: TransformName[] = ['randomResizedCrop', 'gaussianBlur', 'gaussianNoise', 'colorJitter'];

await serve(
  async () => ({ name: 'unitsphere', sharp: sharp.versions.sharp, libvips: sharp.versions.vips }),
  async () => {
    const loader = await BatchLoader.create({
      source: {
        kind: 'folder',
        dir: folder,
        identityPer: 'file',
        // As the trainer decodes images that it augments.
        side: Math.round(1.25 * Number(size)),
        memory: 0,
        cacheDir: cache,
      },
      size: Number(size),
      batchSize: Number(batch),
      seed: 0,
      // Batches that workers make ahead would be made between the turns.
      workers: 0,
      augment: { transforms: TRANSFORMS },
    });
    return {
      // Every contender reports the mean of a few values, so that no work can be left out.
      async step() {
        const { images } = await loader.next();
        let sum = 0;
        for (let i = 0; i < images.length; i += 997) sum += images[i];
        return sum / Math.ceil(images.length / 997);
      },
      stop: () => loader.close(),
    };
  },
);
