import { readFileSync } from 'node:fs';
import { loadEmbedder } from '@unitsphere/embedder';
import { createGallery, openGallery } from '@unitsphere/recognition';
import { describe, expect, test } from 'vitest';
import { describeCamera } from '../src/camera/camera.js';
import { planSplit } from '../src/data/plan-split.js';
import { describeFailure } from '../src/describe-failure.js';
import { toPageHint } from '../src/page-hint.js';
import { Value } from '../src/state/value.js';
import { fillTexts } from '../src/texts.js';
import { MeasuredSteps } from '../src/train/measured-steps.js';
import { planTraining } from '../src/train/plan.js';
import { presetOf } from '../src/train/presets.js';
import { readSettings } from '../src/train/training-form.js';

describe('the time of a training', () => {
  test('is not stated before enough steps are measured, and leaves out the first', () => {
    const measured = new MeasuredSteps();
    measured.add(9000);
    for (const ms of [100, 120, 110]) measured.add(ms);
    expect(measured.secondsPerStep).toBeUndefined();
    measured.add(130);
    expect(measured.secondsPerStep).toBeCloseTo(0.115);
  });

  test('follows the last steps', () => {
    const measured = new MeasuredSteps();
    for (let step = 0; step < 21; step++) measured.add(100);
    for (let step = 0; step < 20; step++) measured.add(300);
    expect(measured.secondsPerStep).toBeCloseTo(0.3);
  });
});

describe('the plan of a training', () => {
  const all = (['pictures', 'generator'] as const).flatMap((data) =>
    (['shipped', 'nothing'] as const).flatMap((start) =>
      (['short', 'default', 'long'] as const).map((length) => ({ data, start, length })),
    ),
  );

  test.each(all)('is valid for $data from $start, $length', ({ data, start, length }) => {
    const { yaml, settings } = presetOf(data, start, length);
    const plan = planTraining({ yaml, settings: [...settings] });
    expect(plan.documents === undefined).toBe(data === 'pictures');
    expect(plan.validateEvery).toBeGreaterThan(0);
    expect(plan.validateEvery).toBeLessThanOrEqual(plan.steps / 3);
  });

  test('states the steps that a link sets, whose warm-up is a fraction of them', () => {
    const { yaml, settings } = presetOf('generator', 'nothing', 'short');
    expect(planTraining({ yaml, settings: [...settings] }).steps).toBe(300);
    for (const steps of [60, 100]) {
      const set = [...settings, `training.steps=${steps}`];
      expect(planTraining({ yaml, settings: set }).steps).toBe(steps);
    }
  });

  test('distinguishes trainings whose steps take another time', () => {
    const key = (setting: string) => {
      const { yaml, settings } = presetOf('pictures', 'shipped', 'short');
      return planTraining({ yaml, settings: [...settings, setting] }).speedKey;
    };
    expect(key('training.steps=100')).toBe(key('training.steps=200'));
    expect(key('training.batchSize=16')).not.toBe(key('training.batchSize=32'));
    expect(key('model.freeze=[backbone]')).not.toBe(key('training.steps=100'));
  });
});

test('splits six or more identities, two at least in each part', () => {
  const names = Array.from({ length: 12 }, (_, i) => `card ${i}`);
  expect(planSplit(names.slice(0, 5))).toBeUndefined();
  const split = planSplit(names);
  const parts = [split?.train, split?.validation, split?.test].map((part) => part?.length ?? 0);
  expect(parts.reduce((sum, count) => sum + count)).toBe(12);
  expect(Math.min(...parts)).toBeGreaterThanOrEqual(2);
});

describe('hints in the page', () => {
  test.each([
    ['Use --set training.replicas=auto, or another.', 'Use training.replicas=auto, or another.'],
    ['leave it out (--set loss.margin=)', 'leave it out (loss.margin=).'],
    ['--set training.stepz=3: training.stepz: unknown key', 'training.stepz: unknown key.'],
    [
      "such as --set 'model.freeze=[backbone.conv_stem, backbone.bn1]'",
      'such as model.freeze=[backbone.conv_stem, backbone.bn1].',
    ],
  ])('%s', (line, expected) => {
    expect(toPageHint(line)).toBe(`${expected} Settings are in “Advanced settings”, one per line.`);
  });

  test('leave other text as it is', () => {
    expect(toPageHint('Add identities.')).toBe('Add identities.');
  });

  test('have no option of the command line where a setting is wrong', () => {
    const { yaml, settings } = presetOf('pictures', 'shipped', 'short');
    const wrong = [...settings, 'training.stepz=3'];
    let failure: ReturnType<typeof describeFailure> | undefined;
    try {
      planTraining({ yaml, settings: wrong });
    } catch (error) {
      failure = describeFailure(error);
    }
    expect(failure?.message).toMatch(/training\.stepz: unknown key; did you mean training\.steps\?/);
    expect(JSON.stringify(failure)).not.toContain('--set');
  });

  test('says which file of the visitor cannot be used, and does not call it a bug', async () => {
    const fails = async (action: Promise<unknown>) => describeFailure(await action.catch((error) => error));
    const own = await createGallery({ embeddingSize: 4, fingerprint: 'one' });
    await own.enroll('a', Float32Array.of(1, 0, 0, 0));
    const embedder = {
      embeddingSize: 4,
      fingerprint: 'other',
      embed: (): Promise<never> => Promise.reject(),
    };
    const bytes = await own.toBytes();
    expect(await fails(openGallery(bytes, { embedder }))).toMatchObject({
      title: 'The gallery cannot be used',
      message: 'It was made with a model that is not in this page.',
      isBug: false,
    });
    expect(await fails(openGallery(bytes.subarray(0, 100)))).toMatchObject({
      title: 'The gallery cannot be used',
      isBug: false,
    });
    expect(await fails(loadEmbedder({ 'config.json': '{}' }))).toMatchObject({
      title: 'The model cannot be used',
      isBug: false,
    });
  });
});

test('reads settings line by line, without comments and the option of the command line', () => {
  expect(readSettings('training.steps=3\n\n# a comment\n  --set seed=1 ')).toEqual([
    'training.steps=3',
    'seed=1',
  ]);
});

test('says why a camera cannot be used', () => {
  const named = (name: string) => Object.assign(new Error('reason'), { name });
  expect(describeCamera(named('NotAllowedError')).title).toMatch(/does not allow/);
  expect(describeCamera(named('NotFoundError')).title).toMatch(/no camera/);
  expect(describeCamera(named('NotReadableError')).title).toMatch(/cannot be started/);
});

test('texts fill every place of the page, and an unknown place is an error', () => {
  const html = readFileSync(new URL('../index.html', import.meta.url), 'utf8');
  const filled = fillTexts(html);
  expect(filled).not.toContain('{{');
  expect(filled).toContain('What should it recognize?');
  expect(() => fillTexts('{{data.nonsense}}')).toThrow(/data\.nonsense/);
});

test('a value tells its listeners of changes, until they leave', () => {
  const value = new Value(1);
  const seen: number[] = [];
  const leave = value.watch((now) => void seen.push(now));
  value.set(2);
  value.set(2);
  leave();
  value.set(3);
  expect(seen).toEqual([1, 2]);
});
