import type { Communicator } from '@unitsphere/collectives';
import type { CentersPlace } from '../centers/center-store.js';
import type { Config } from '../config/config.js';
import { broadcastJson } from './broadcast-json.js';

/** What the processes of a group need to read the images of a training. */
export interface RankConfig {
  config: Config;
  /** Rank 0's backend. */
  backend: string;
}

/** What they need to train on them. */
export interface RankStart {
  classCount: number;
  /** The folder of the center files, for `store: file`. The path is the same on every host. */
  centers?: CentersPlace;
}

/** Sends rank 0's config to the other processes. They then open the data. */
export const shareConfig = (ranks: Communicator, start?: RankConfig) => broadcastJson(ranks, start);

/** Sends what rank 0 has found to the other processes. They then create their replicas. */
export const shareRankStart = (ranks: Communicator, start?: RankStart) => broadcastJson(ranks, start);
