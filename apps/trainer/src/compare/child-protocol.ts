import type { Config } from '../config/config.js';

/** A message from a study to the child process of one of its runs. */
export type ChildRequest =
  /** Trains a run in `directory/name` or resumes it. Sent once, as the first message. */
  | { type: 'train'; config: Config; directory: string; name: string; resume: boolean }
  /** Stops the training after the current step, with a checkpoint. */
  | { type: 'stop' };

/** A message from the child process of a run. */
export type ChildReply =
  | { step: number; loss: number }
  | { phase: string | null }
  | { note: string }
  /** The training finished, or stopped on request. */
  | { ended: 'finished' | 'stopped' }
  /** The loss or a gradient was not finite. This is the result of the arm, not an error of the study. */
  | { diverged: string }
  /** The message of a `UserError`, which ends the study. */
  | { userError: string; hint?: string };
