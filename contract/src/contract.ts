import type { Check } from './check.js';
import { fileChecks } from './checks/files.js';
import { layerChecks } from './checks/layers.js';
import { lossChecks } from './checks/losses.js';
import { memoryChecks } from './checks/memory.js';
import { operationChecks } from './checks/operations.js';
import { pairLossChecks } from './checks/pair-losses.js';
import { precisionChecks } from './checks/precision.js';
import { trainingChecks } from './checks/training.js';
import { updateChecks } from './checks/updates.js';

/** All checks. They require no test runner and nothing of Node. */
export const contractChecks: readonly Check[] = [
  ...operationChecks,
  ...updateChecks,
  ...precisionChecks,
  ...layerChecks,
  ...lossChecks,
  ...pairLossChecks,
  ...trainingChecks,
  ...fileChecks,
  ...memoryChecks,
];
