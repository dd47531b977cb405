import { describe, expect, test } from 'vitest';
import { AbsentError, Contender } from '../src/contender/contender.js';
import { createStepContenders, PYTORCH_REMEDY } from '../src/step/contenders.js';
import { DEFAULT_WORKLOAD } from '../src/step/workload.js';
import { fake } from './fake.js';

describe('a contender', () => {
  test('describes itself, runs steps and reports its memory', async () => {
    const contender = await Contender.start(fake('a', { ms: 12 }));
    try {
      expect(contender.description).toEqual({ name: 'fake' });
      expect(contender.footprint).toBe(1000);
      expect((await contender.steps(3)).milliseconds).toEqual([12, 12, 12]);
      expect(await contender.memory()).toEqual({ peakRss: 3003, rss: 2000, tensors: 5 });
    } finally {
      await contender.close();
    }
  });

  test('is absent if its program is missing, and says what to do', async () => {
    const spec = fake('a', {}, { command: 'no-such-python', remedy: 'Install it.' });
    const error = await Contender.start(spec).catch((e) => e);
    expect(error).toBeInstanceOf(AbsentError);
    expect(error.message).toMatch(/^Fake a: the process could not be started: .*ENOENT\. Install it\.$/);
  });

  test('is absent if it replies so', async () => {
    const error = await Contender.start(fake('a', { absent: 'no adapter' })).catch((e) => e);
    expect(error).toBeInstanceOf(AbsentError);
    expect(error.message).toBe('Fake a: no adapter');
  });

  test('throws an error with the end of stderr if the process dies', async () => {
    const contender = await Contender.start(fake('a', { 'die-after': 2 }));
    await contender.steps(2);
    const error = await contender.steps(1).catch((e) => e);
    expect(error).not.toBeInstanceOf(AbsentError);
    expect(error.message).toBe('Fake a: the process ended with status 3 before it replied.\nout of luck');
  });

  test('throws an error if the loss is not finite', async () => {
    const contender = await Contender.start(fake('a', { loss: 'NaN' }));
    await expect(contender.steps(1)).rejects.toThrow('Fake a: the loss is');
    await contender.close();
  });

  test('says how to install PyTorch', async () => {
    const spec = createStepContenders(DEFAULT_WORKLOAD).find(({ id }) => id === 'pytorch-eager')!;
    // A Python without torch replies what is missing. A missing Python cannot be started.
    const withoutTorch = { ...fake('p', { absent: 'no module torch' }), remedy: spec.remedy };
    await expect(Contender.start(withoutTorch)).rejects.toThrow(
      'no module torch. Run pip install torch timm, and set UNITSPHERE_PYTHON',
    );
    expect(spec.remedy).toBe(PYTORCH_REMEDY);
  });
});
