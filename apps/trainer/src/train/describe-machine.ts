import { arch, availableParallelism, cpus, platform, totalmem } from 'node:os';

/** What a report says of the machine that it was made on. */
export function describeMachine() {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memory: `${Math.round(totalmem() / 2 ** 30)} GiB`,
    system: `${platform()} ${arch()}`,
    node: process.version,
  };
}
