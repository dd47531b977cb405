import { cpus } from 'node:os';

/** Measures how many cores other processes keep busy, from construction on. */
export class OtherWork {
  readonly #start = performance.now();
  readonly #busyBefore = readBusyMilliseconds();

  /**
   * Returns the number of cores that other processes have kept busy.
   * @param measured Processor time that the measured work has used since construction, in milliseconds.
   */
  cores(measured: number): number {
    const busy = readBusyMilliseconds() - this.#busyBefore;
    return Math.max(0, busy - measured) / (performance.now() - this.#start);
  }
}

/** Returns the busy time of all cores since the machine started, in milliseconds. */
function readBusyMilliseconds(): number {
  return cpus().reduce((sum, { times }) => sum + times.user + times.nice + times.sys + times.irq, 0);
}
