import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { type Preprocessing, resizeAndCrop } from '@unitsphere/images';
import { start } from '@unitsphere/testing/backends';
import { beforeAll, describe, expect, test } from 'vitest';
import { graphModelUsage } from '../src/index.js';
import { drawPicture } from './pictures.js';

beforeAll(() => start('wasm'));

const size = 64;
const base: Preprocessing = {
  imageSize: size,
  channelOrder: 'RGB',
  mean: [0.485, 0.456, 0.406],
  std: [0.229, 0.224, 0.225],
};

/** Runs the code of a usage section on a picture. @returns The pixels that it passes to the model. */
async function runUsage(
  preprocessing: Preprocessing,
  { width, height, data }: ReturnType<typeof drawPicture>,
) {
  const [, code] = /```js\nimport .*?;\n(.*?)```/s.exec(graphModelUsage(preprocessing)) ?? [];
  let passed: tf.Tensor | undefined;
  const predict = ({ pixels }: { pixels: tf.Tensor }) => {
    passed = tf.keep(pixels.clone());
    return pixels;
  };
  const rgba = Uint8Array.from({ length: width * height * 4 }, (_, i) =>
    i % 4 === 3 ? 255 : data[3 * Math.floor(i / 4) + (i % 4)],
  );
  const run = new Function('tf', 'image', `return (async () => {${code}})();`);
  await run({ ...tf, loadGraphModel: async () => ({ predict }) }, { width, height, data: rgba });
  expect(passed?.shape).toEqual([1, size, size, 3]);
  const pixels = (await passed?.data()) as Float32Array;
  passed?.dispose();
  return pixels;
}

describe('the code for a GraphModel crops as resizeAndCrop does', () => {
  const crops: [Preprocessing['cropMode'], number][] = [
    ['squash', 1],
    ['squash', 0.9],
    ['center', 1],
    ['center', 0.9],
    ['border', 1],
    ['border', 0.9],
  ];
  test.each(crops)('%s with the fraction %d', async (cropMode, cropFraction) => {
    const preprocessing = { ...base, cropMode, cropFraction };
    // Little larger than the crop, where a filter hardly changes the pixels.
    const picture = drawPicture(90, 72);
    const ours = resizeAndCrop(picture, preprocessing).data;
    const theirs = await runUsage(preprocessing, picture);
    const difference = ours.reduce((sum, value, i) => sum + Math.abs(value - theirs[i]), 0) / ours.length;
    expect(difference).toBeLessThan(4);
  });
});
