import type { Miner, MinerOptions } from '../miners/miner.js';
import type { SettingsOf } from './setting.js';

/** A miner of the registry: its constructor and a description of each of its own options. */
export interface MinerEntry<Options = MinerOptions> {
  create(options: Options): Miner;
  /** What it chooses, in one line. */
  description: string;
  settings: SettingsOf<Options, keyof MinerOptions | 'seed'>;
}
