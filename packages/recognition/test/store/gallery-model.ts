/** A gallery as simple as possible, to compare stores with, and random transactions that fit it. */
import { FuzzRandom } from '@unitsphere/testing/fuzz/random';
import type { GalleryChange, Metadata } from '../../src/store/gallery-store.js';

interface Template {
  id: number;
  embedding: number[];
  metadata: Metadata;
}

/** Identities by name, carried out change by change. */
export class GalleryModel {
  identities = new Map<string, { metadata: Metadata; templates: Template[] }>();
  #nextTemplate = 1;

  write(changes: readonly GalleryChange[]): void {
    for (const change of changes) this.#carryOut(change);
  }

  describe() {
    return Object.fromEntries(
      [...this.identities].map(([name, { metadata, templates }]) => [
        name,
        { metadata, templates: [...templates].sort((a, b) => a.id - b.id) },
      ]),
    );
  }

  clone(): GalleryModel {
    const copy = new GalleryModel();
    copy.identities = structuredClone(this.identities);
    copy.#nextTemplate = this.#nextTemplate;
    return copy;
  }

  #carryOut(change: GalleryChange): void {
    const { identities } = this;
    const get = (name: string) => {
      const identity = identities.get(name);
      if (!identity) throw new Error(`the model has no ${name}`);
      return identity;
    };
    if (change.kind === 'enroll') {
      const identity = identities.get(change.name) ?? { metadata: {}, templates: [] };
      if (change.metadata) identity.metadata = change.metadata;
      for (const { embedding, metadata = {} } of change.templates) {
        identity.templates.push({ id: this.#nextTemplate++, embedding: [...embedding], metadata });
      }
      identities.set(change.name, identity);
    } else if (change.kind === 'remove') identities.delete(change.name);
    else if (change.kind === 'rename') {
      const identity = get(change.name);
      identities.delete(change.name);
      identities.set(change.to, identity);
    } else if (change.kind === 'merge') {
      get(change.into).templates.push(...get(change.name).templates);
      identities.delete(change.name);
    } else if (change.kind === 'setMetadata') get(change.name).metadata = change.metadata;
    else if (change.kind === 'removeTemplates') {
      for (const identity of identities.values()) {
        identity.templates = identity.templates.filter(({ id }) => !change.ids.includes(id));
      }
    }
  }
}

/** Returns one to three changes that fit the model; the same for the same seed and model. */
export function randomChanges(model: GalleryModel, seed: number, embeddingSize: number): GalleryChange[] {
  const random = new FuzzRandom(seed * 7919 + 1);
  const scratch = model.clone();
  return Array.from({ length: 1 + random.below(3) }, () => {
    const change = randomChange(scratch, random, embeddingSize);
    scratch.write([change]);
    return change;
  });
}

function randomChange(model: GalleryModel, random: FuzzRandom, embeddingSize: number): GalleryChange {
  const names = [...model.identities.keys()].sort();
  const kind = names.length < 3 ? 0 : random.below(10);
  const name = names.length > 0 ? random.pick(names) : '';
  const other = `${random.below(100_000)}`;
  if (kind === 6) return { kind: 'remove', name };
  if (kind === 7) return { kind: 'rename', name, to: `renamed ${other}` };
  if (kind === 8) {
    const into = random.pick(names.filter((one) => one !== name));
    return { kind: 'merge', name, into };
  }
  const ids = model.identities.get(name)?.templates.map(({ id }) => id) ?? [];
  if (kind === 9 && ids.length > 0) return { kind: 'removeTemplates', ids: [random.pick(ids)] };
  return {
    kind: 'enroll',
    name: random.below(3) && name ? name : `identity ${other}`,
    templates: Array.from({ length: 1 + random.below(4) }, () => ({
      embedding: Float32Array.from({ length: embeddingSize }, () => random.below(2 ** 24) / 2 ** 23 - 1),
      metadata: (random.below(2) ? { source: `${other}.png` } : {}) as Metadata,
    })),
    ...(random.below(3) === 0 && { metadata: { note: `note ${other}`, n: random.below(100) } }),
  };
}
