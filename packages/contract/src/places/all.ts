import { existsSync } from 'node:fs';
import { BROWSER_BACKENDS, ChromiumContract, chromiumPath } from './chromium.js';
import { nodePlaces } from './node.js';
import type { MissingPlace, Place } from './place.js';

/** Everywhere that the contract runs on this machine. */
export interface Places {
  present: Place[];
  /** Those that are not here, and why. */
  missing: MissingPlace[];
  /** The browser, where there is one. */
  chromium?: ChromiumContract;
  close(): Promise<void>;
}

/**
 * Every backend in Node and in headless Chromium.
 * @throws Error where there is a browser that does not start.
 */
export async function allPlaces(): Promise<Places> {
  const node = await nodePlaces();
  if (!existsSync(chromiumPath())) {
    const why = `there is no browser at ${chromiumPath()}. Install Chromium or set CHROMIUM_PATH.`;
    const missing = BROWSER_BACKENDS.map((backend) => ({ name: `${backend} in Chromium`, why }));
    return { ...node, missing: [...node.missing, ...missing], close: async () => undefined };
  }
  const chromium = await ChromiumContract.launch();
  try {
    const pages = await chromium.places();
    return {
      present: [...node.present, ...pages.present],
      missing: [...node.missing, ...pages.missing],
      chromium,
      close: () => chromium.close(),
    };
  } catch (error) {
    await chromium.close();
    throw error;
  }
}
