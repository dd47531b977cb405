import type { Outcome } from '../check.js';

/** Place where the contract runs: a backend in this process, or in a browser's page. */
export interface Place {
  /** Backend, and where it runs if not in Node: `wasm`, `webgpu in Chromium`. */
  name: string;
  backend: string;
  /** Adapter or device. */
  device: string;
  /** Runs a check by name. A backend that does not start is a problem in the outcome. */
  run(check: string): Promise<Outcome>;
}

/** Place that is not available, and the reason. */
export interface MissingPlace {
  name: string;
  why: string;
}
