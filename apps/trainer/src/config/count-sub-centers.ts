import type { Config } from './config.js';

/** Returns the number of centers of each class. */
export function countSubCenters({ loss }: Pick<Config, 'loss'>): number {
  return loss.name === 'subcenter-arcface' ? loss.subCenters : 1;
}
