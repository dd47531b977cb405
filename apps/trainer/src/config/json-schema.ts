import { z } from 'zod';
import { configSchema } from './schema.js';

/** The JSON schema (2020-12) of a config file, for editors: completion, descriptions and errors while typing. */
export function configJsonSchema(): Record<string, unknown> {
  const schema = z.toJSONSchema(configSchema, { io: 'input' }) as Record<string, unknown>;
  const { $schema, ...rest } = schema;
  return { $schema, title: 'unitsphere config', description: 'What `unitsphere train` is told.', ...rest };
}
