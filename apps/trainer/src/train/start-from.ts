import type { Config } from '../config/config.js';
import { isShipped, SHIPPED_ARCHITECTURES } from '../config/shipped-architecture.js';
import { dependsOnSize, resampleHead } from '../model/resample-head.js';
import { shippedWeights } from '../model/shipped-models.js';
import type { ProgressReporter } from '../progress/progress-reporter.js';
import type { LeadReplica } from '../replicas/lead-replica.js';

/** Starts from the backbone of published weights, or from the whole network of a shipped model. */
export async function startFrom(
  pretrained: string,
  config: Config,
  lead: LeadReplica,
  progress: ProgressReporter,
): Promise<void> {
  if (isShipped(pretrained)) {
    const { imageSize } = SHIPPED_ARCHITECTURES[pretrained];
    noteOtherSize(pretrained, imageSize, config, progress);
    return lead.useWeights(resampleHead(await shippedWeights(pretrained), imageSize, config));
  }
  const warning = await lead.loadPretrained(pretrained, config.model.outIndex !== undefined);
  if (warning) progress.note(warning);
}

/** Notes that a network was trained on images of another size than the config's. */
export function noteOtherSize(
  from: string,
  trained: number,
  config: Config,
  progress: ProgressReporter,
): void {
  const { imageSize } = config.data;
  if (trained === imageSize) return;
  const what = dependsOnSize(config) ? 'its head is resampled to' : 'this training has';
  progress.note(`${from} was trained on images of ${trained} px; ${what} ${imageSize} px`);
}
