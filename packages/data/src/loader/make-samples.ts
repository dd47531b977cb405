import { Random } from '@unitsphere/core/random';
import type { Augmentation } from '../augment/augmentation.js';
import type { Image } from '../image.js';
import { cleanImage, type ImageSource } from '../source.js';
import { applyView } from '../views.js';
import { MakingClock, type MakingTimes } from './making-times.js';
import type { PlannedSample } from './training-sampler.js';

/** Settings for making the pixels of planned samples. */
export interface SampleMaker {
  readonly source: ImageSource;
  /** Side of each image in pixels. */
  readonly size: number;
  readonly seed: number;
  /** Augmentation; `undefined` leaves the views unchanged. */
  readonly augmentation: Augmentation | undefined;
  /** Whether to also make the clean image of each sample. */
  readonly clean?: boolean;
}

/** The images of a plan, and what their making took. */
export interface MadeSamples {
  readonly images: Uint8Array<ArrayBuffer>;
  readonly times: MakingTimes;
}

/**
 * Makes the images of a plan: samples × size × size × 3 bytes, RGB, followed by as many clean images with `clean`.
 * Imports no Node module, so any kind of worker can run it.
 * @throws Error naming the identity and the sample, with the original error as its cause.
 */
export async function makeSamples(maker: SampleMaker, plan: readonly PlannedSample[]): Promise<MadeSamples> {
  const { source, size, seed, augmentation, clean = false } = maker;
  const bytes = size * size * 3;
  const images = new Uint8Array((clean ? 2 : 1) * plan.length * bytes);
  const loads = startLoads(source, plan);
  const clock = new MakingClock(source);
  for (let i = 0; i < plan.length; i++) {
    const { identity, sample, view, stream } = plan[i];
    try {
      let begun = performance.now();
      const loaded = loads(i);
      const image = loaded instanceof Promise ? await loaded : loaded;
      clock.addLoading(performance.now() - begun);
      begun = performance.now();
      const target = images.subarray(i * bytes, (i + 1) * bytes);
      const made = augmentation
        ? augmentation.augment(image, new Random(seed, 'augment', stream), size, view, target)
        : applyView(image, view, size, target);
      if (made.data !== target) target.set(made.data);
      source.release?.(image);
      clock.addAugmentation(performance.now() - begun);
      if (!clean) continue;
      begun = performance.now();
      const whole = await cleanImage(source, identity, sample);
      clock.addLoading(performance.now() - begun);
      begun = performance.now();
      const at = (plan.length + i) * bytes;
      applyView(whole, view, size, images.subarray(at, at + bytes));
      clock.addAugmentation(performance.now() - begun);
    } catch (error) {
      const name = source.identities[identity]?.name ?? `number ${identity}`;
      const reason = error instanceof Error ? error.message : String(error);
      throw new Error(`Cannot make sample ${sample} of identity "${name}": ${reason}`, {
        cause: error,
      });
    }
  }
  return { images, times: clock.times };
}

/** Returns a function that returns the load of a sample, and starts those of the next ones if the source allows it. */
function startLoads(
  source: ImageSource,
  plan: readonly PlannedSample[],
): (i: number) => Image | Promise<Image> {
  const { concurrency = 1 } = source;
  const loads: (Image | Promise<Image>)[] = [];
  return (i) => {
    while (loads.length < Math.min(plan.length, i + concurrency)) {
      const { identity, sample } = plan[loads.length];
      const load =
        concurrency > 1 ? attempt(() => source.load(identity, sample)) : source.load(identity, sample);
      loads.push(load);
    }
    return loads[i];
  };
}

/** Calls a function; an error becomes a promise that rejects when its turn comes. */
function attempt(load: () => Image | Promise<Image>): Image | Promise<Image> {
  try {
    const loaded = load();
    if (loaded instanceof Promise) loaded.catch(() => {});
    return loaded;
  } catch (error) {
    const failed = Promise.reject(error);
    failed.catch(() => {});
    return failed;
  }
}
