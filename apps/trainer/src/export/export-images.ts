import type { Image, ImageSource } from '@unitsphere/data';
import type { Config } from '../config/config.js';
import { parseConfig } from '../config/parse-config.js';
import { openImages } from '../dataset/dataset.js';
import { type EvaluationImages, evaluationImages, evaluationOptions } from '../dataset/evaluation-images.js';
import { openingHandlers } from '../dataset/opening-handlers.js';
import { readSeen } from '../dataset/run-data.js';
import { selectUnseen } from '../evaluate/select-unseen.js';
import { UserError } from '../user-error.js';
import type { ExportOptions } from './export-options.js';
import type { TrainedModel } from './open-trained.js';

/** Images for an export: some for calibration, and others of other identities for the check. */
export interface ExportImages {
  calibration: Image[];
  check: EvaluationImages;
}

const CALIBRATION_IMAGES = 128;
// Pairs of these are enough for a false positive rate of 1e-5.
const CHECK_IDENTITIES = 500;

/**
 * Opens images for an export: calibration on identities that a run was trained on, the check on held-out ones. For a model
 * without a run, every second identity is for calibration.
 * @throws UserError if there is neither a run nor `data`, or too few identities.
 */
export async function openExportImages(
  { run, config: trained, embedder }: TrainedModel,
  { model, data, progress }: ExportOptions,
): Promise<ExportImages> {
  if (!trained && data === undefined) {
    throw new UserError(`${model} is not a run, so that there are no images to calibrate and check with`, {
      hint: 'Give a folder of images like those of the application: --data DIR',
    });
  }
  const base = trained ?? parseConfig('', {});
  const source = data === undefined ? base.data : { ...base.data, source: 'folder', path: data };
  const config = { ...base, data: { ...source, imageSize: embedder.preprocessing.imageSize } } as Config;
  progress.phase('reading images');
  const { source: images, skipped } = await openImages(config, openingHandlers(progress));
  for (const { file, reason } of skipped) progress.note(`skipped ${file}: ${reason}`);
  const seen = run && (await readSeen(run, config));
  const { calibration, check } = split(images, seen && selectUnseen(images, seen).identities);
  if (calibration.length === 0 || check.length < 2) {
    throw new UserError(
      `an export requires an identity for calibration and 2 for the check, but found ${calibration.length} and ${check.length}`,
      { hint: 'Give a folder with more identities: --data DIR' },
    );
  }
  const { main } = evaluationImages(images, check, evaluationOptions(config));
  return { calibration: await loadImages(images, calibration), check: main };
}

/** Splits identities for calibration and for the check. */
function split(source: ImageSource, unseen: number[] | undefined) {
  const all = source.identities.map((_, identity) => identity);
  const held = new Set(unseen ?? all.filter((identity) => identity % 2 === 1));
  const seen = all.filter((identity) => !held.has(identity));
  // Without any seen identity, as in a folder of other images, half of the unseen ones are for calibration.
  const [calibration, check] =
    seen.length > 0
      ? [seen, all.filter((identity) => held.has(identity))]
      : [all.filter((identity) => identity % 2 === 0), all.filter((identity) => identity % 2 === 1)];
  return { calibration: thin(calibration, CALIBRATION_IMAGES), check: thin(check, CHECK_IDENTITIES) };
}

/** Takes at most `count` values at equal distances. */
function thin(values: number[], count: number): number[] {
  if (values.length <= count) return values;
  return Array.from({ length: count }, (_, i) => values[Math.floor((i * values.length) / count)]);
}

async function loadImages(source: ImageSource, identities: readonly number[]): Promise<Image[]> {
  const images: Image[] = [];
  for (const identity of identities) images.push(await source.load(identity, 0));
  return images;
}
