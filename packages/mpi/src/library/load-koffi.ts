import { MpiError } from '../errors.js';

/** The part of koffi that is used. Its own types would make the published ones require an optional package. */
export interface Koffi {
  load(path: string, options: { global: boolean }): NativeLibrary;
  address(symbol: unknown): bigint;
}

/** A loaded library. */
export interface NativeLibrary {
  /** Returns a C function by its prototype. */
  func(prototype: string): NativeFunction;
  /** Returns a C variable of a type. */
  symbol(name: string, type: string): unknown;
}

/** A C function. */
// biome-ignore lint/suspicious/noExplicitAny: the prototype says what it takes and returns
export type NativeFunction = (...values: any[]) => any;

/** Loads koffi, which calls C functions of libraries. @throws MpiError if it is not installed. */
export async function loadKoffi(): Promise<Koffi> {
  try {
    const loaded = (await import('koffi')) as unknown as Koffi & { default?: Koffi };
    return loaded.default ?? loaded;
  } catch (error) {
    throw new MpiError('MPI requires the package koffi, which cannot be loaded. Run: npm install koffi', {
      cause: error,
    });
  }
}
