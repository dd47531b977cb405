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

/** A setting of a loss: its type, default, limits and meaning, as a fragment of JSON Schema. */
export type DistillationSetting = NumberSetting | BooleanSetting | ChoiceSetting;

type SettingOf<Value> = [Value] extends [number]
  ? NumberSetting
  : [Value] extends [boolean]
    ? BooleanSetting
    : ChoiceSetting<Value & string>;

/** A description of each option of a loss. */
export type SettingsOf<Options> = {
  readonly [Key in keyof Options]-?: SettingOf<NonNullable<Options[Key]>>;
};
