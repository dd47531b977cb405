import { describe, expect, test } from 'vitest';
import { BatchLoader, type BatchLoaderOptions } from '../src/loader/batch-loader.js';
import { MakingClock } from '../src/loader/making-times.js';
import type { ImageSource } from '../src/source.js';
import { noiseImage } from './images.js';

const identities = [
  { name: 'a', samples: 1 },
  { name: 'b', samples: 1 },
];
const wait = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** A source whose loads take some time, of which it says what they were. */
function slowSource(disk: number, decoding: number, concurrency = 1): ImageSource {
  const loadTimes = { disk: 0, decoding: 0 };
  return {
    identities,
    concurrency,
    loadTimes,
    async load() {
      await wait(disk);
      loadTimes.disk += disk;
      await wait(decoding);
      loadTimes.decoding += decoding;
      return noiseImage(24, 24, 1);
    },
  };
}

async function timesOf(source: ImageSource, options: Partial<BatchLoaderOptions> = {}) {
  const loader = await BatchLoader.create({
    source,
    size: 16,
    batchSize: 4,
    seed: 0,
    workers: 0,
    ...options,
  });
  const { times, waitedMs } = await loader.next();
  await loader.close();
  return { ...times, waitedMs };
}

describe('the times of a batch', () => {
  test('divide the waiting for files into disk and decoding', async () => {
    const { disk, decoding, drawing, waitedMs } = await timesOf(slowSource(20, 5), { augment: false });
    expect(drawing).toBe(0);
    expect(disk / decoding).toBeCloseTo(4, 5);
    // Four loads, one after the other.
    expect(disk + decoding).toBeGreaterThan(90);
    expect(disk + decoding).toBeLessThanOrEqual(waitedMs);
  });

  test('count loads at the same time only while the batch waits for them', async () => {
    const { disk, decoding, waitedMs } = await timesOf(slowSource(40, 10, 4), { augment: false });
    expect(disk).toBeGreaterThan(decoding);
    expect(disk + decoding).toBeLessThanOrEqual(waitedMs);
    // One after the other they would take 200 ms.
    expect(disk + decoding).toBeGreaterThan(45);
  });

  test('are drawing for generated images', async () => {
    const source: ImageSource = {
      identities,
      load: async () => {
        await wait(10);
        return noiseImage(24, 24, 1);
      },
    };
    const { disk, decoding, drawing } = await timesOf(source);
    expect([disk, decoding]).toEqual([0, 0]);
    expect(drawing).toBeGreaterThan(35);
  });

  test('contain the augmentation', () => {
    const clock = new MakingClock({ identities, load: () => noiseImage(24, 24, 1) });
    clock.addAugmentation(3);
    clock.addLoading(2);
    clock.addAugmentation(4);
    expect(clock.times).toEqual({ disk: 0, decoding: 0, drawing: 2, augmentation: 7 });
  });
});
