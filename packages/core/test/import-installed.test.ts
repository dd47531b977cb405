import { describe, expect, test } from 'vitest';
import { ignoreMissing, importInstalled } from '../src/index.js';

const createError = (problem: string, options?: ErrorOptions) => new RangeError(problem, options);
const missing = async () => undefined;

describe('importInstalled', () => {
  test('imports the first package that is installed, and no other', async () => {
    const loaders = {
      absent: missing,
      // Node finds some of the names of a CommonJS package.
      present: async () => ({ default: { a: 1, b: 2 }, a: 1 }),
      later: async () => {
        throw new Error('is never imported');
      },
    };
    expect(await importInstalled(loaders, createError)).toEqual({ a: 1, b: 2 });
    expect(await importInstalled({ x: async () => ({ c: 3 }) }, createError)).toEqual({ c: 3 });
  });

  test('says which commands install one', async () => {
    await expect(importInstalled({ one: missing, other: missing }, createError)).rejects.toThrow(
      new RangeError('one or other is not installed: run "npm install one", or "npm install other"'),
    );
  });

  test('reports a package that does not start', async () => {
    const cause = new Error('its library is missing');
    const error = await importInstalled(
      {
        one: async () => {
          throw cause;
        },
      },
      createError,
    ).catch((error) => error);
    expect(error).toEqual(new RangeError('one is installed but does not start: its library is missing'));
    expect(error.cause).toBe(cause);
  });
});

describe('ignoreMissing', () => {
  test('knows a package that is not installed in Node', async () => {
    const name = '@unitsphere/absent';
    const error = await import(/* @vite-ignore */ name).catch((error) => error);
    expect(ignoreMissing(error, name)).toBeUndefined();
    const required = Object.assign(new Error(`Cannot find module '${name}'`), { code: 'MODULE_NOT_FOUND' });
    expect(ignoreMissing(required, name)).toBeUndefined();
  });

  test.each([
    'Could not resolve "ort" imported by "embedder". Is it installed?',
    "Failed to resolve module specifier 'ort'",
    'The specifier “ort” was a bare specifier, but was not remapped to anything.',
    "Module name, 'ort' does not resolve to a valid URL.",
  ])('knows a page in which it is missing: %s', (message) => {
    expect(ignoreMissing(new TypeError(message), 'ort')).toBeUndefined();
  });

  test('throws other errors, and those of other packages', () => {
    const dependency = Object.assign(new Error("Cannot find package 'dependency'"), {
      code: 'ERR_MODULE_NOT_FOUND',
    });
    expect(() => ignoreMissing(dependency, 'ort')).toThrow(dependency);
    const other = new Error('"ort" has an error');
    expect(() => ignoreMissing(other, 'ort')).toThrow(other);
  });
});
