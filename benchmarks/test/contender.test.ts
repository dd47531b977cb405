import { describe, expect, test } from 'vitest';
import { AbsentError, Contender } from '../src/contender/contender.js';
import { PYTORCH_REMEDY, stepContenders } from '../src/step/contenders.js';
import { DEFAULT_WORKLOAD } from '../src/step/workload.js';
import { fake } from './fake.js';

describe('a contender', () => {
  test('says what it is, makes steps and tells its memory', async () => {
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

  test('is absent where its program is not there, with what to do', async () => {
    const spec = fake('a', {}, { command: 'no-such-python', remedy: 'Install it.' });
    const error = await Contender.start(spec).catch((e) => e);
    expect(error).toBeInstanceOf(AbsentError);
    expect(error.message).toMatch(/^Fake a: it could not be started: .*ENOENT\. Install it\.$/);
  });

  test('is absent where it says so', async () => {
    const error = await Contender.start(fake('a', { absent: 'no adapter' })).catch((e) => e);
    expect(error).toBeInstanceOf(AbsentError);
    expect(error.message).toBe('Fake a: no adapter');
  });

  test('that dies is an error with its last words, not an absent one', async () => {
    const contender = await Contender.start(fake('a', { 'die-after': 2 }));
    await contender.steps(2);
    const error = await contender.steps(1).catch((e) => e);
    expect(error).not.toBeInstanceOf(AbsentError);
    expect(error.message).toBe('Fake a: it ended with status 3 before it answered.\nout of luck');
  });

  test('whose loss is not a number is an error', async () => {
    const contender = await Contender.start(fake('a', { loss: 'NaN' }));
    await expect(contender.steps(1)).rejects.toThrow('Fake a: its loss is');
    await contender.close();
  });

  test("PyTorch's names the variable and the command that install it", async () => {
    const spec = stepContenders(DEFAULT_WORKLOAD).find(({ id }) => id === 'pytorch-eager')!;
    // A python without torch says what is missing; none at all cannot be started.
    const withoutTorch = { ...fake('p', { absent: 'no module torch' }), remedy: spec.remedy };
    await expect(Contender.start(withoutTorch)).rejects.toThrow(
      'no module torch. pip install torch timm; set UNITSPHERE_PYTHON',
    );
    expect(spec.remedy).toBe(PYTORCH_REMEDY);
  });
});
