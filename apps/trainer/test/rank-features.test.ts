import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { useBackend } from '@unitsphere/backends';
import { type Communicator, type NumericArray, soloCommunicator } from '@unitsphere/collectives';
import { TrainingSampler } from '@unitsphere/data';
import { readGolden } from '@unitsphere/testing/golden';
import { expect, test } from 'vitest';
import { openDataset } from '../src/dataset/dataset.js';
import { samplerOptions } from '../src/dataset/dataset-images.js';
import { receiveTeacherFeatures, teacherFeatures } from '../src/distillation/teacher-features.js';
import { pictureFolder, silentProgress, temporaryFolder, tinyConfig } from './fixtures.js';

test("another process receives the teacher's features that process 0 computes", async () => {
  const teacher = join(temporaryFolder(), 'teacher.onnx');
  const [small] = readGolden<{ name: string; model: string }>('onnx_teacher').cases;
  writeFileSync(teacher, Buffer.from(small.model, 'base64'));
  const config = tinyConfig(
    await pictureFolder(),
    `distillation:
  teacher: { onnx: ${JSON.stringify(teacher)}, preprocessing: { imageSize: 16 } }
  cacheDir: ${JSON.stringify(temporaryFolder())}
  batchSize: 5
`,
  );
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
