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

/** A setting: its type, default, limits and meaning, as a fragment of JSON Schema. */
export type Setting = NumberSetting | BooleanSetting | ChoiceSetting;

type SettingOf<Value> = [Value] extends [number]
  ? NumberSetting
  : [Value] extends [boolean]
    ? BooleanSetting
    : ChoiceSetting<Value & string>;

type Scalar = number | boolean | string;

/** The keys of options that a config can hold: numbers, switches and names. */
export type SettingKey<Options, Excluded extends PropertyKey> = {
  [Key in keyof Options]-?: Key extends Excluded
    ? never
    : [NonNullable<Options[Key]>] extends [Scalar]
      ? Key
      : never;
}[keyof Options];

/** A description of each option that a config can hold. */
export type SettingsOf<Options, Excluded extends PropertyKey> = {
  readonly [Key in SettingKey<Options, Excluded>]: SettingOf<NonNullable<Options[Key]>>;
};
