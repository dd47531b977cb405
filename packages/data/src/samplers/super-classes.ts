import type { Identity } from '../source.js';

/** Numbers the super-classes of some identities from 0, in the order in which they appear. */
export function numberSuperClasses(
  sourceIdentities: readonly Identity[],
  identities: readonly number[],
): Uint32Array {
  const numbers = new Map<string, number>();
  return Uint32Array.from(identities, (identity) => {
    const name = superClassOf(sourceIdentities[identity]);
    const number = numbers.get(name) ?? numbers.size;
    numbers.set(name, number);
    return number;
  });
}

/** Returns an identity's super-class: its own, or its name up to the last slash, such as `dogs` of `dogs/rex`. */
function superClassOf({ name, superClass }: Identity): string {
  return superClass ?? name.slice(0, Math.max(0, name.lastIndexOf('/')));
}
