import { cpus } from 'node:os';

/** Watches how much of the machine work other than the measured one takes, from its making on. */
export class OtherWork {
  readonly #begun = performance.now();
  readonly #busyBefore = busyMilliseconds();

  /** @param measured Processor milliseconds that the measured work took since. @returns Cores kept busy by all else. */
  cores(measured: number): number {
    const busy = busyMilliseconds() - this.#busyBefore;
    return Math.max(0, busy - measured) / (performance.now() - this.#begun);
  }
}

/** Processor time of all cores that was not idle, since the machine started. */
function busyMilliseconds(): number {
  return cpus().reduce((sum, { times }) => sum + times.user + times.nice + times.sys + times.irq, 0);
}
