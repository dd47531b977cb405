import { MpiError } from '../errors.js';

export type Koffi = typeof import('koffi');
export type NativeLibrary = ReturnType<Koffi['load']>;

/** Loads koffi, which calls C functions of libraries. @throws MpiError if it is not installed. */
export async function loadKoffi(): Promise<Koffi> {
  try {
    const loaded = (await import('koffi')) as Koffi & { default?: Koffi };
    return loaded.default ?? loaded;
  } catch (error) {
    throw new MpiError('MPI requires the package koffi, which cannot be loaded. Run: npm install koffi', {
      cause: error,
    });
  }
}
