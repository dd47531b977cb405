import { describeBackbone } from '@unitsphere/backbones';
import { describe, expect, test } from 'vitest';
import { parseConfig } from '../src/config/parse-config.js';
import { estimateMemory } from '../src/model/estimate-memory.js';
import { checkMemory } from '../src/train/check-memory.js';
import { UserError } from '../src/user-error.js';

const GB = 1e9;
const config = (text = '') => parseConfig(text);
const memory = { total: 24 * GB, available: 8 * GB };
const on = { classes: 1000, replicas: 1, backend: 'wasm' };

function refusal(text: string, where: Partial<typeof on> = {}, available = memory): UserError {
  try {
    checkMemory(config(text), { ...on, ...where }, available);
  } catch (error) {
    expect(error).toBeInstanceOf(UserError);
    return error as UserError;
  }
  return expect.fail('not refused') as never;
}

describe('the memory of a training', () => {
  test('is that of its weights, its feature maps and its class centers', () => {
    const text = 'model: { backbone: resnet18, neck: gap, embeddingSize: 512 }\ndata: { imageSize: 64 }';
    const { model, activations, centers } = estimateMemory(config(text), 1000, 2);
    const { parameters } = describeBackbone('resnet18');
    // AdamW: weight, gradient and two moments. The head has two linear layers.
    expect(model).toBe(4 * 4 * (parameters + 512 * 512 + 512 * 512));
    expect(centers).toBe(4 * 3 * 1000 * 512);
    const maps = 64 * 32 ** 2 + 64 * 16 ** 2 + 128 * 8 ** 2 + 256 * 4 ** 2 + 512 * 2 ** 2;
    expect(activations).toBe((4 * config().training.batchSize * (3 * 64 ** 2 + maps)) / 2);
  });

  test('fits for every default', () => {
    checkMemory(config(), { ...on, classes: 100_000, replicas: 2 }, memory);
  });

  test('is compared with the free memory, and the largest part is named', () => {
    const { message, hint } = refusal('', { classes: 20_000_000 });
    expect(message).toMatch(
      /^the training takes at least 61 GB of memory \(61 GB for 20,000,000 class centers\), but WebAssembly has 4\.3 GB for each of 1 replica$/,
    );
    expect(hint).toBe('Lower what takes most: --set loss.partialFc.store=file');
    checkMemory(
      config('loss: { partialFc: { store: file, sampledClasses: 100 } }'),
      { ...on, classes: 2e7 },
      memory,
    );
  });

  test('is that of the machine on TensorFlow, without the limit of WebAssembly', () => {
    const batch = 'training: { batchSize: 4000 }\ndata: { imageSize: 512 }';
    const { message, hint } = refusal(batch, { backend: 'node' });
    expect(message).toMatch(/GB for the feature maps of 4000 images\), but 8\.0 GB of 24 GB are free$/);
    expect(hint).toContain('--set training.batchSize=');
  });

  test('of a graphics card is not compared', () => {
    checkMemory(config('model: { embeddingSize: 65536 }'), { ...on, backend: 'webgpu' }, memory);
  });
});
