// What the threads of a network tell each other: int32 values in shared memory, each of the first four in a cache line of its own.
// The value after one that threads wait for is the number of threads that sleep until it changes.

/** Number of the current run; it wraps around. */
export const RUN = 0;
/** Number of the program that the current run executes. */
export const PROGRAM = 16;
/** Number of finished parts of the current run. */
export const FINISHED = 32;
/** 1 after a thread has failed. */
export const FAILED = 48;
export const CONTROL_BYTES = 4 * 64;

/** Looks at a value before a thread goes to sleep: about 0.1 ms, longer than most layers' threads wait for each other. */
const LOOKS = 1 << 13;
/** Longest sleep in milliseconds, after which a thread looks again. */
const SLEEP = 1000;

/** Returns whether this thread may sleep. The main thread of a page may not. */
function canSleep(control: Int32Array): boolean {
  try {
    Atomics.wait(control, FAILED, -1, 0);
    return true;
  } catch {
    return false;
  }
}

/**
 * Waits until a condition on a value is true: awake for a short time, and then asleep where that is allowed.
 * @param patience Milliseconds without a change of the value after which to give up.
 * @returns Whether the condition is true.
 */
export function waitFor(
  control: Int32Array,
  slot: number,
  isOver: () => boolean,
  patience = Number.POSITIVE_INFINITY,
): boolean {
  for (let look = 0; look < LOOKS; look++) if (isOver()) return true;
  const sleeps = canSleep(control);
  let last = Atomics.load(control, slot);
  let since = performance.now();
  Atomics.add(control, slot + 1, 1);
  try {
    for (;;) {
      // Read before the condition, so that a change in between ends the sleep at once.
      const value = Atomics.load(control, slot);
      if (isOver()) return true;
      if (value !== last) [last, since] = [value, performance.now()];
      else if (performance.now() - since > patience) return false;
      if (sleeps) Atomics.wait(control, slot, value, Math.min(SLEEP, patience));
      else for (let look = 0; look < LOOKS && !isOver(); look++);
    }
  } finally {
    Atomics.sub(control, slot + 1, 1);
  }
}

/** Wakes the threads that sleep until a value changes. */
export function wake(control: Int32Array, slot: number): void {
  if (Atomics.load(control, slot + 1) > 0) Atomics.notify(control, slot);
}
