import { Random } from '@unitsphere/core/random';
import type { Augmentation } from '../augment/augmentation.js';
import { cleanImage, type ImageSource } from '../source.js';
import { applyView } from '../views.js';
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

/**
 * Makes the images of a plan: samples × size × size × 3 bytes, RGB, followed by as many clean images with `clean`.
 * Imports no Node module, so any kind of worker can run it.
 * @throws Error naming the identity and the sample, with the original error as its cause.
 */
export async function makeSamples(
  maker: SampleMaker,
  plan: readonly PlannedSample[],
): Promise<Uint8Array<ArrayBuffer>> {
  const { source, size, seed, augmentation, clean = false } = maker;
  const bytes = size * size * 3;
  const images = new Uint8Array((clean ? 2 : 1) * plan.length * bytes);
  for (let i = 0; i < plan.length; i++) {
    const { identity, sample, view, stream } = plan[i];
    try {
      const loaded = source.load(identity, sample);
      const image = loaded instanceof Promise ? await loaded : loaded;
      const made = augmentation
        ? augmentation.augment(image, new Random(seed, 'augment', stream), size, view)
        : applyView(image, view, size);
      images.set(made.data, i * bytes);
      if (!clean) continue;
      const whole = await cleanImage(source, identity, sample);
      images.set(applyView(whole, view, size).data, (plan.length + i) * bytes);
    } catch (error) {
      const name = source.identities[identity]?.name ?? `number ${identity}`;
      const reason = error instanceof Error ? error.message : String(error);
      throw new Error(`Cannot make sample ${sample} of identity "${name}": ${reason}`, {
        cause: error,
      });
    }
  }
  return images;
}
