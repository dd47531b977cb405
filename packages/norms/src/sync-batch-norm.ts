import type { Module } from '@unitsphere/core';
import type { StatisticsGroup } from '@unitsphere/ops';
import { BatchNorm1d, BatchNorm2d } from './batch-norm.js';

/**
 * Makes every batch norm of a network use the statistics of all replicas' values in training mode: one all-reduce in its forward pass,
 * and one in its backward pass. All replicas must run the same layers in the same order. The running averages are then the same on all
 * of them. Evaluation mode does not communicate. The equivalent of PyTorch's `SyncBatchNorm.convert_sync_batchnorm`.
 * @param module The network of this replica; its modules are changed in place.
 * @param group Replicas that divide every batch, such as a `Communicator` of `@unitsphere/collectives`; undefined to undo it.
 */
export function convertSyncBatchNorm(module: Module, group: StatisticsGroup | undefined): void {
  for (const [, layer] of module.namedModules()) {
    if (layer instanceof BatchNorm1d || layer instanceof BatchNorm2d) layer.synchronize(group);
  }
}
