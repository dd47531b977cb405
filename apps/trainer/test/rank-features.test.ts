import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { useBackend } from '@unitsphere/backends';
import { type Communicator, type NumericArray, soloCommunicator } from '@unitsphere/collectives';
import { TrainingSampler } from '@unitsphere/data';
import { readGolden } from '@unitsphere/testing/golden';
import { expect, test } from 'vitest';
import { parseConfig } from '../src/config/parse-config.js';
import { openDataset } from '../src/dataset/dataset.js';
import { samplerOptions } from '../src/dataset/dataset-images.js';
import { receiveTeacherFeatures, teacherFeatures } from '../src/distillation/teacher-features.js';
import { UserError } from '../src/user-error.js';
import { pictureFolder, silentProgress, temporaryFolder, tinyConfig } from './fixtures.js';

/** Returns a config's section with a teacher for images of 16 px, cut from larger ones. */
function teacherOf(cropFraction = 1): string {
  const teacher = join(temporaryFolder(), 'teacher.onnx');
  const [small] = readGolden<{ name: string; model: string }>('onnx_teacher').cases;
  writeFileSync(teacher, Buffer.from(small.model, 'base64'));
  return `distillation:
  teacher: { onnx: ${JSON.stringify(teacher)}, preprocessing: { imageSize: 16, cropFraction: ${cropFraction} } }
  cacheDir: ${JSON.stringify(temporaryFolder())}
  batchSize: 5
`;
}

test.each([
  ['documents', 1, /images of 16 px: DocumentSource: size must be an integer from 32 to 1024/],
  ['faces', 0.01, /images of 1600 px: FaceSource: size/],
  ['folder', 0.001, /images of 16000 px: The side of decoded images must be an integer in 8 … 4096/],
])('refuses a teacher whose input cannot be cut from %s', async (source, cropFraction, message) => {
  const config = tinyConfig(await pictureFolder(), teacherOf(cropFraction));
  if (source !== 'folder') {
    config.data = parseConfig(`data: { source: ${source}, identities: 12, imageSize: 32 }`).data;
  }
  await useBackend('cpu');
  const dataset = await openDataset(config, { warn: () => {} });
  const features = teacherFeatures(config, dataset, silentProgress());
  await expect(features).rejects.toThrow(UserError);
  await expect(features).rejects.toThrow(message);
});

test("another process receives the teacher's features that process 0 computes", async () => {
  const config = tinyConfig(await pictureFolder(), teacherOf());
  await useBackend('cpu');
  const dataset = await openDataset(config, { warn: () => {} });
  const sent: NumericArray[] = [];
  const sender: Communicator = {
    ...soloCommunicator(),
    rank: 0,
    size: 2,
    broadcast: (data) => void sent.push(data.slice()),
  };
  const receiver: Communicator = {
    ...sender,
    rank: 1,
    broadcast: (data) => data.set(sent.shift() as NumericArray),
  };

  const own = await teacherFeatures(config, dataset, silentProgress(), sender);
  const received = receiveTeacherFeatures(config, dataset, receiver);
  expect(sent).toEqual([]);
  expect(received.width).toBe(own.width);
  const plan = new TrainingSampler(samplerOptions(config, dataset)).planBatch(0);
  const features = received.of(plan);
  expect(features).toEqual(own.of(plan));
  expect(features.some((value) => value !== 0)).toBe(true);
});
