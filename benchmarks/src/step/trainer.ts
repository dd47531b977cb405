/**
 * The trainer's own training step on its own replicas, so that what is timed is what trains. The one place that reaches into
 * the trainer: its package exports the command's work, not its parts.
 */
export { startReplicas } from '../../../apps/trainer/src/replicas/start-replicas.js';

/** The module of the replicas' threads, which the trainer's build puts beside its entry. */
export const replicaFile = new URL('./replica.js', import.meta.resolve('unitsphere'));
