import type { LabelMarginLoss, MarginLossOptions } from './margin-loss.js';

interface Described {
  /** One sentence. */
  readonly description: string;
}

/** A number: its default and its limits, under the names of JSON Schema. */
export interface NumberSetting extends Described {
  readonly type: 'number';
  readonly default: number;
  readonly minimum?: number;
  readonly exclusiveMinimum?: number;
  readonly maximum?: number;
  readonly exclusiveMaximum?: number;
  /** Whether only integers are accepted. Default false. */
  readonly integer?: boolean;
}

/** A switch and its default. */
export interface BooleanSetting extends Described {
  readonly type: 'boolean';
  readonly default: boolean;
}

/** A choice between names, and its default. */
export interface ChoiceSetting<Choice extends string = string> extends Described {
  readonly type: 'string';
  readonly enum: readonly Choice[];
  readonly default: Choice;
}

type SettingOf<Value> = [Value] extends [number]
  ? NumberSetting
  : [Value] extends [boolean]
    ? BooleanSetting
    : ChoiceSetting<Value & string>;

/** The options that a loss has beyond those of every margin loss. */
export type OwnOptions<Options> = Required<Omit<Options, keyof MarginLossOptions>>;

/**
 * A loss of the registry: its constructor and a description of each of its own options. Entries are plain literals, so
 * that bundlers drop them where only the class is imported.
 */
export interface MarginLossEntry<
  Options extends MarginLossOptions = MarginLossOptions,
  Loss extends LabelMarginLoss & { scale: number } = LabelMarginLoss & { scale: number },
> {
  create(options: Options): Loss;
  /** The label's logit divided by the scale, one line. */
  description: string;
  settings: { readonly [Key in keyof OwnOptions<Options>]: SettingOf<OwnOptions<Options>[Key]> };
  /** Whether every call requires the embeddings' norms. Default false. */
  needsNorms?: boolean;
  /** Whether the loss keeps running statistics of the batches. Default false. */
  hasStatistics?: boolean;
}
