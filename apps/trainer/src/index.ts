export type * from './config/config.js';
export { configJsonSchema } from './config/json-schema.js';
export { loadConfig, stringifyConfig } from './config/load-config.js';
export { type Override, optionOverrides, parseOverride } from './config/overrides.js';
export { type ParseConfigOptions, parseConfig } from './config/parse-config.js';
export { CHOICES, type ConfigInput, configSchema } from './config/schema.js';
export { UserError } from './user-error.js';
