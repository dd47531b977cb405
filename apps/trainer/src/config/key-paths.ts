import { z } from 'zod';
import { configSchema } from './schema.js';

type Shape = Record<string, z.ZodType>;

/** Returns the keys that the section at a path may have; empty if there is no section. */
export function keysOf(path: readonly (string | number)[], schema: z.ZodType = configSchema): string[] {
  let at: z.ZodType | undefined = schema;
  for (const key of path) at = at && partOf(at, key);
  return Object.keys((at && shapeOf(at)) ?? {});
}

/** Returns the path of every key of a config. */
export function keyPaths(schema: z.ZodType = configSchema, above: readonly string[] = []): string[][] {
  return Object.entries(shapeOf(schema) ?? {}).flatMap(([key, value]) => [
    [...above, key],
    ...keyPaths(value, [...above, key]),
  ]);
}

function partOf(schema: z.ZodType, key: string | number): z.ZodType | undefined {
  if (schema instanceof z.ZodArray) return schema.element as z.ZodType;
  const inner = (schema.def as { innerType?: z.ZodType }).innerType;
  return shapeOf(schema)?.[key] ?? (inner && partOf(inner, key));
}

function shapeOf(schema: z.ZodType): Shape | undefined {
  if (schema instanceof z.ZodObject) return schema.shape as Shape;
  if (schema instanceof z.ZodUnion) {
    return (schema.options as z.ZodType[]).map(shapeOf).find((shape) => shape !== undefined);
  }
  const inner = (schema.def as { innerType?: z.ZodType }).innerType;
  return inner && shapeOf(inner);
}
