import { type BackendDescription, describeBackends } from '@unitsphere/backends';
import { runCheck } from '../run-check.js';
import type { MissingPlace, Place } from './place.js';

/** Backends in Node. */
export const NODE_BACKENDS = ['cpu', 'wasm', 'webgpu', 'node'] as const;

/** Returns which of the named backends are available in this process, and why the others are missing. */
export async function findNodePlaces(
  names: readonly string[] = NODE_BACKENDS,
): Promise<{ present: Place[]; missing: MissingPlace[] }> {
  const all = selectBackends(await describeBackends(), names);
  return {
    present: all
      .filter(({ available }) => available)
      .map((backend) => ({
        name: backend.name,
        backend: backend.name,
        device: describeDevice(backend),
        run: (check) => runCheck(check, backend.name),
      })),
    missing: all
      .filter(({ available }) => !available)
      .map(({ name, reason, remedy }) => ({ name, why: `${reason} ${remedy}` })),
  };
}

/** Returns the descriptions of the named backends, in the order of the names. */
export function selectBackends(
  described: readonly BackendDescription[],
  names: readonly string[],
): BackendDescription[] {
  return names.flatMap((name) => described.filter((backend) => backend.name === name));
}

/** Describes what a backend runs on. */
export function describeDevice({ adapter, detail }: BackendDescription): string {
  if (!adapter) return detail;
  const { name, software } = adapter;
  return software ? `${name}, on the processor` : name;
}
