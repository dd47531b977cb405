import { createSharedRowMemory, type SharedRowMemory } from '@unitsphere/ops';

/**
 * Released memories. The garbage collector does not count shared memory when it decides to run, so a program that opens
 * one store after another would otherwise hold the memory of many.
 */
let released: WeakRef<SharedRowMemory>[] = [];

/** Returns memory of the given size with arbitrary content. */
export function acquireMemory(bytes: number): SharedRowMemory {
  released = released.filter((one) => one.deref());
  const at = released.findIndex((one) => one.deref()?.bytes === bytes);
  const found = at < 0 ? undefined : released.splice(at, 1)[0].deref();
  return found ?? createSharedRowMemory(bytes);
}

/** Makes a memory available for reuse. */
export function releaseMemory(memory: SharedRowMemory): void {
  released.push(new WeakRef(memory));
}
