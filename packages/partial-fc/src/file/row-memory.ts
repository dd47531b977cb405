import { type SharedRowMemory, sharedRowMemory } from '@unitsphere/ops';

/**
 * Memories that nothing uses any more. JavaScript frees shared memory when it next collects garbage, and does not count it
 * when it decides on that: a program that opens one store after another would hold those of many.
 */
let left: WeakRef<SharedRowMemory>[] = [];

/** Memory for so many bytes, which may hold anything. */
export function takeMemory(bytes: number): SharedRowMemory {
  left = left.filter((one) => one.deref());
  const at = left.findIndex((one) => one.deref()?.bytes === bytes);
  const found = at < 0 ? undefined : left.splice(at, 1)[0].deref();
  return found ?? sharedRowMemory(bytes);
}

/** Says that nothing uses a memory any more. */
export function leaveMemory(memory: SharedRowMemory): void {
  left.push(new WeakRef(memory));
}
