import type { Outcome } from '../check.js';

/** Somewhere the contract runs: a backend in this process, or in a browser's page. */
export interface Place {
  /** The backend, and where it runs if that is not Node: `wasm`, `webgpu in Chromium`. */
  name: string;
  backend: string;
  /** The adapter or device. */
  device: string;
  /** @throws Error where the backend cannot be started. */
  run(check: string): Promise<Outcome>;
}

/** A place that is not here. */
export interface MissingPlace {
  name: string;
  why: string;
}
