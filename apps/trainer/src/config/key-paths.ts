import { z } from 'zod';
import { configSchema } from './schema.js';

type Shape = Record<string, z.ZodType>;

/** The keys that the section at a path may have; none where there is no section. */
export function keysOf(path: readonly (string | number)[]): string[] {
  let shape = shapeOf(configSchema);
  for (const key of path) shape = shape?.[key] && shapeOf(shape[key]);
  return Object.keys(shape ?? {});
}

/** Every key of a config, as its path. */
export function keyPaths(schema: z.ZodType = configSchema, above: readonly string[] = []): string[][] {
  return Object.entries(shapeOf(schema) ?? {}).flatMap(([key, value]) => [
    [...above, key],
    ...keyPaths(value, [...above, key]),
  ]);
}

function shapeOf(schema: z.ZodType): Shape | undefined {
  if (schema instanceof z.ZodObject) return schema.shape as Shape;
  if (schema instanceof z.ZodUnion) {
    return (schema.options as z.ZodType[]).map(shapeOf).find((shape) => shape !== undefined);
  }
  const inner = (schema.def as { innerType?: z.ZodType }).innerType;
  return inner && shapeOf(inner);
}
