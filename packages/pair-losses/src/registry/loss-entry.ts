import type { EmbeddingLoss, LossOptions } from '../pairs/pair-loss.js';
import type { ProxyLossOptions } from '../proxies/proxy-loss.js';
import type { SettingsOf } from './setting.js';

interface Entry<Options, Loss extends EmbeddingLoss> {
  create(options: Options): Loss;
  /** The loss in one line; d and s are a pair's distance and similarity, ⁺ and ⁻ mark positive and negative pairs. */
  description: string;
}

/**
 * A loss of pairs or triplets of the registry: its constructor and a description of each of its own options. Entries are plain
 * literals, so that bundlers drop them where only the class is imported.
 */
export interface PairLossEntry<
  Options extends LossOptions = LossOptions,
  Loss extends EmbeddingLoss = EmbeddingLoss,
> extends Entry<Options, Loss> {
  settings: SettingsOf<Options, keyof LossOptions | 'classes'>;
  needsClasses?: false;
  /** Whether the loss refuses reference embeddings and therefore a cross-batch memory. Default false. */
  refusesReference?: boolean;
}

/** A proxy loss of the registry. */
export interface ProxyLossEntry<
  Options extends ProxyLossOptions = ProxyLossOptions,
  Loss extends EmbeddingLoss = EmbeddingLoss,
> extends Entry<Options, Loss> {
  settings: SettingsOf<Options, keyof ProxyLossOptions>;
  /** Proxy losses require the number of classes and the embeddings' dimensions. */
  needsClasses: true;
  refusesReference?: true;
}
