import type { Config } from '../config/config.js';

/** What a study tells the process that makes one of its runs. */
export type ChildRequest =
  /** Makes a run in a folder, or goes on with it; told once, first. */
  | { do: 'train'; config: Config; directory: string; name: string; resume: boolean }
  /** Stops after the step under way, with a checkpoint. */
  | { do: 'stop' };

/** What it answers. */
export type ChildReply =
  | { step: number; loss: number }
  | { phase: string | null }
  | { note: string }
  /** Finished, or stopped as it was asked to. */
  | { ended: 'finished' | 'stopped' }
  /** A loss or gradient that is no number: what the arm came to, not a fault of the study. */
  | { diverged: string }
  /** What a person can mend. */
  | { mistake: string; hint?: string };
