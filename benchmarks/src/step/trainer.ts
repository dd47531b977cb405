/**
 * The trainer's own training step, so that what is timed is what trains. The one place that reaches into the trainer: its
 * package exports the command's work, not its parts.
 */

export { TrainingState } from '../../../apps/trainer/src/train/training-state.js';
export { createTrainingStep } from '../../../apps/trainer/src/train/training-step.js';
