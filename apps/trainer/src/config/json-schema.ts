import { z } from 'zod';
import { configSchema } from './schema.js';

/** Creates the JSON schema (2020-12) of a config file. Editors use it for completion, descriptions and errors while typing. */
export function configJsonSchema(): Record<string, unknown> {
  const schema = z.toJSONSchema(configSchema, { io: 'input' }) as Record<string, unknown>;
  const { $schema, ...rest } = schema;
  return { $schema, title: 'unitsphere config', description: 'Settings of `unitsphere train`.', ...rest };
}
