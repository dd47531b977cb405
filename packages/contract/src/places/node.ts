import { type BackendDescription, describeBackends } from '@unitsphere/backends';
import { runCheck } from '../run-check.js';
import type { MissingPlace, Place } from './place.js';

/** The backends of the contract in Node, the one that the others are compared with first. */
export const NODE_BACKENDS = ['cpu', 'wasm', 'webgpu', 'node'] as const;

/** Every backend of this process: those that are here, and why the others are not. */
export async function nodePlaces(): Promise<{ present: Place[]; missing: MissingPlace[] }> {
  const described = new Map((await describeBackends()).map((backend) => [backend.name, backend]));
  const all = NODE_BACKENDS.map((name) => described.get(name)!);
  return {
    present: all
      .filter(({ available }) => available)
      .map((backend) => ({
        name: backend.name,
        backend: backend.name,
        device: deviceOf(backend),
        run: (check) => runCheck(check, backend.name),
      })),
    missing: all
      .filter(({ available }) => !available)
      .map(({ name, reason, remedy }) => ({ name, why: `${reason} ${remedy}` })),
  };
}

/** What a backend runs on, in a few words. */
export function deviceOf({ adapter, detail }: BackendDescription): string {
  if (!adapter) return detail;
  const { name, software } = adapter;
  return software ? `${name}, on the processor` : name;
}
