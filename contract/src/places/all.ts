import { existsSync } from 'node:fs';
import { BROWSER_BACKENDS, ChromiumContract, chromiumPath } from './chromium.js';
import { findNativePlaces } from './native.js';
import { findNodePlaces } from './node.js';
import type { MissingPlace, Place } from './place.js';

/** Places where the contract runs on this machine. */
export interface Places {
  present: Place[];
  /** Places that are not available. */
  missing: MissingPlace[];
  /** The browser, if there is one. */
  chromium?: ChromiumContract;
  close(): Promise<void>;
}

/**
 * Starts every available backend in Node and in headless Chromium.
 * @throws Error if the browser exists but does not start.
 */
export async function openPlaces(): Promise<Places> {
  const native = findNativePlaces();
  const plain = await findNodePlaces();
  const node = {
    present: [...plain.present, ...native.present],
    missing: [...plain.missing, ...native.missing],
  };
  if (!existsSync(chromiumPath())) {
    const why = `there is no browser at ${chromiumPath()}. Install Chromium or set CHROMIUM_PATH.`;
    const missing = BROWSER_BACKENDS.map((backend) => ({ name: `${backend} in Chromium`, why }));
    return { ...node, missing: [...node.missing, ...missing], close: native.close };
  }
  const chromium = await ChromiumContract.launch();
  try {
    const pages = await chromium.places();
    return {
      present: [...node.present, ...pages.present],
      missing: [...node.missing, ...pages.missing],
      chromium,
      close: async () => {
        await native.close();
        await chromium.close();
      },
    };
  } catch (error) {
    await chromium.close();
    throw error;
  }
}
