import { createSharedRowMemory, type SharedRowMemory } from '@unitsphere/ops';

/**
 * Released memories. The garbage collector does not count shared memory when it decides to run, so a program that opens
 * one store after another would otherwise hold the memory of many.
 */
let released: WeakRef<SharedRowMemory>[] = [];

/** Returns memory of at least the given size, with arbitrary content. */
export function acquireMemory(bytes: number): SharedRowMemory {
  released = released.filter((one) => one.deref());
  const found = released.pop()?.deref();
  found?.grow(bytes);
  return found ?? createSharedRowMemory(bytes);
}

/** Makes a memory available for reuse. */
export function releaseMemory(memory: SharedRowMemory): void {
  released.push(new WeakRef(memory));
}
