import { checkEmbedding, checkName, copyCalibration, copyMetadata } from './check-records.js';
import { GalleryStoreError } from './errors.js';
import type {
  GalleryChange,
  GalleryHeader,
  GallerySnapshot,
  IdentityRecord,
  StoredCalibration,
  TemplateRecord,
  WriteResult,
} from './gallery-store.js';
import { TemplateIndex } from './template-index.js';

/**
 * Net effect of a transaction. It is applied in the order of its fields, so a record may be added and removed by the same
 * transaction.
 */
export interface GalleryDelta {
  /** New identities, and new states of present ones. */
  identities: IdentityRecord[];
  /** New templates, by ascending id. */
  templates: TemplateRecord[];
  /** New identity of templates, by template id. */
  moved: [templateId: number, identityId: number][];
  removedTemplates: number[];
  /** Their templates are among the moved and the removed ones. */
  removedIdentities: number[];
  /** Absent if the calibration stays. */
  calibration?: StoredCalibration | null;
}

/** A planned transaction: what it changes, and the embeddings of `delta.templates`. */
export interface PlannedWrite {
  delta: GalleryDelta;
  embeddings: Float32Array[];
  result: WriteResult;
}

/** The identities, templates and calibration of a gallery in memory, without embeddings. */
export class GalleryState {
  revision = 0;
  nextIdentityId = 1;
  nextTemplateId = 1;
  calibration: StoredCalibration | null = null;
  readonly identities = new Map<number, IdentityRecord>();
  readonly templates = new Map<number, TemplateRecord>();
  readonly #idOfName = new Map<string, number>();
  readonly #index = new TemplateIndex();

  /** Returns the id of a name, or undefined. */
  idOf(name: string): number | undefined {
    return this.#idOfName.get(name);
  }

  /** Returns the identities by ascending id. */
  sortedIdentities(): IdentityRecord[] {
    return [...this.identities.values()].sort((a, b) => a.id - b.id);
  }

  /** Returns the templates by ascending id. */
  sortedTemplates(): TemplateRecord[] {
    return [...this.templates.values()].sort((a, b) => a.id - b.id);
  }

  /** Returns the gallery. @param embeddings Of the templates by ascending id; the snapshot takes the array over. */
  snapshot(header: GalleryHeader, embeddings: Float32Array): GallerySnapshot {
    return {
      header,
      revision: this.revision,
      identities: this.sortedIdentities(),
      templates: this.sortedTemplates(),
      embeddings,
      calibration: this.calibration,
    };
  }

  /** Applies the changes of a transaction and increments the revision. */
  apply(delta: GalleryDelta): void {
    // Names may be exchanged within a transaction, so all old ones go first.
    for (const { id } of delta.identities) this.#freeName(id);
    for (const identity of delta.identities) {
      this.identities.set(identity.id, identity);
      this.nextIdentityId = Math.max(this.nextIdentityId, identity.id + 1);
    }
    for (const template of delta.templates) {
      this.templates.set(template.id, template);
      this.#index.add(template.identityId, template.id);
      this.nextTemplateId = Math.max(this.nextTemplateId, template.id + 1);
    }
    for (const [id, identityId] of delta.moved) {
      const template = this.templates.get(id);
      if (!template) continue;
      this.#index.delete(template.identityId, id);
      this.#index.add(identityId, id);
      this.templates.set(id, { ...template, identityId });
    }
    for (const id of delta.removedTemplates) {
      const template = this.templates.get(id);
      if (template) this.#index.delete(template.identityId, id);
      this.templates.delete(id);
    }
    for (const id of delta.removedIdentities) {
      this.#freeName(id);
      this.identities.delete(id);
    }
    for (const { id, name } of delta.identities) if (this.identities.has(id)) this.#idOfName.set(name, id);
    if (delta.calibration !== undefined) this.calibration = delta.calibration;
    this.revision++;
  }

  /** Returns the problem of a delta that does not fit, or undefined. */
  findProblem(delta: GalleryDelta): string | undefined {
    const added = new Set(delta.identities.map(({ id }) => id));
    const removed = new Set(delta.removedIdentities);
    const isIdentity = (id: number) => added.has(id) || this.identities.has(id);
    const names = new Set<string>();
    for (const { id, name } of delta.identities) {
      if (removed.has(id)) continue;
      const owner = this.#idOfName.get(name);
      const isTaken = owner !== undefined && owner !== id && !removed.has(owner) && !added.has(owner);
      if (isTaken || names.has(name)) return `the name ${JSON.stringify(name)} occurs twice`;
      names.add(name);
    }
    let last = this.nextTemplateId - 1;
    const addedTemplates = new Set<number>();
    for (const { id, identityId } of delta.templates) {
      if (id <= last) return `template ${id} does not follow template ${last}`;
      if (!isIdentity(identityId))
        return `template ${id} belongs to identity ${identityId}, which does not exist`;
      last = id;
      addedTemplates.add(id);
    }
    const isTemplate = (id: number) => addedTemplates.has(id) || this.templates.has(id);
    const left = new Set(delta.removedTemplates);
    for (const [id, identityId] of delta.moved) {
      if (!isTemplate(id) || !isIdentity(identityId))
        return `template ${id} cannot move to identity ${identityId}`;
      if (!removed.has(identityId)) left.add(id);
      else if (!left.has(id)) return `template ${id} moves to identity ${identityId}, which is removed`;
    }
    const lost = delta.removedTemplates.find((id) => !isTemplate(id));
    if (lost !== undefined) return `template ${lost} does not exist`;
    for (const id of removed) {
      if (!isIdentity(id)) return `identity ${id} does not exist`;
      for (const template of this.#index.of(id)) {
        if (!left.has(template)) return `identity ${id} is removed, but its template ${template} is not`;
      }
    }
    const orphan = delta.templates.find(({ id, identityId }) => removed.has(identityId) && !left.has(id));
    return orphan && `template ${orphan.id} belongs to identity ${orphan.identityId}, which is removed`;
  }

  /**
   * Plans a transaction. The state does not change.
   * @throws GalleryStoreError if a change does not fit the gallery as the changes before it leave it.
   */
  plan(changes: readonly GalleryChange[], embeddingSize: number): PlannedWrite {
    return new Planner(this, embeddingSize).plan(changes);
  }

  /** Returns the ids of an identity's templates, in no order. */
  templatesOf(identityId: number): Iterable<number> {
    return this.#index.of(identityId);
  }

  #freeName(id: number): void {
    const name = this.identities.get(id)?.name;
    if (name !== undefined && this.#idOfName.get(name) === id) this.#idOfName.delete(name);
  }
}

/** Carries out changes on a view over a state, and records what they changed. */
class Planner {
  readonly #identities = new Map<number, IdentityRecord>();
  readonly #ids = new Map<string, number | null>();
  readonly #templates: TemplateRecord[] = [];
  readonly #embeddings: Float32Array[] = [];
  /** Present identity of templates of this transaction, and of moved ones. */
  readonly #identityOf = new Map<number, number>();
  readonly #moved = new Map<number, number>();
  readonly #removedTemplates = new Set<number>();
  readonly #removedIdentities = new Set<number>();
  #calibration: StoredCalibration | null | undefined;
  #nextIdentityId: number;
  #nextTemplateId: number;

  constructor(
    readonly state: GalleryState,
    readonly embeddingSize: number,
  ) {
    this.#nextIdentityId = state.nextIdentityId;
    this.#nextTemplateId = state.nextTemplateId;
  }

  plan(changes: readonly GalleryChange[]): PlannedWrite {
    const templateIds: number[][] = [];
    const identityIds: (number | null)[] = [];
    for (const change of changes) {
      const first = this.#nextTemplateId;
      identityIds.push(this.#carryOut(change));
      templateIds.push(Array.from({ length: this.#nextTemplateId - first }, (_, i) => first + i));
    }
    return {
      delta: {
        identities: [...this.#identities.values()],
        templates: this.#templates,
        moved: [...this.#moved],
        removedTemplates: [...this.#removedTemplates],
        removedIdentities: [...this.#removedIdentities],
        ...(this.#calibration !== undefined && { calibration: this.#calibration }),
      },
      embeddings: this.#embeddings,
      result: { revision: this.state.revision + 1, templateIds, identityIds },
    };
  }

  #carryOut(change: GalleryChange): number | null {
    switch (change.kind) {
      case 'enroll':
        return this.#enroll(change);
      case 'remove': {
        const { id } = this.#require(change.name);
        for (const template of this.#templatesOf(id)) this.#removedTemplates.add(template);
        this.#removeIdentity(id);
        return id;
      }
      case 'removeTemplates':
        for (const id of change.ids) {
          const isNew = this.#identityOf.has(id);
          if (this.#removedTemplates.has(id) || !(isNew || this.state.templates.has(id))) {
            throw new GalleryStoreError('UNKNOWN_TEMPLATE', `the gallery has no template ${id}.`);
          }
          this.#removedTemplates.add(id);
        }
        return null;
      case 'rename': {
        const identity = this.#require(change.name);
        checkName(change.to);
        const owner = this.#idOf(change.to);
        if (owner !== undefined && owner !== identity.id) {
          throw new GalleryStoreError(
            'NAME_TAKEN',
            `cannot rename ${JSON.stringify(change.name)}: the gallery already has an identity ${JSON.stringify(change.to)}. Merge the two, or choose another name.`,
          );
        }
        this.#ids.set(identity.name, null);
        this.#setIdentity({ ...identity, name: change.to });
        return identity.id;
      }
      case 'merge': {
        const [from, into] = [this.#require(change.name), this.#require(change.into)];
        if (from.id === into.id) {
          throw new GalleryStoreError(
            'INVALID_RECORD',
            `cannot merge ${JSON.stringify(change.name)} into itself.`,
          );
        }
        for (const template of this.#templatesOf(from.id)) {
          this.#moved.set(template, into.id);
          this.#identityOf.set(template, into.id);
        }
        this.#removeIdentity(from.id);
        return into.id;
      }
      case 'setMetadata': {
        const identity = this.#require(change.name);
        this.#setIdentity({ ...identity, metadata: copyMetadata(change.metadata, change.name) });
        return identity.id;
      }
      case 'calibrate':
        this.#calibration = copyCalibration(change.calibration);
        return null;
      default:
        throw new GalleryStoreError(
          'INVALID_RECORD',
          `unknown kind of change: ${JSON.stringify((change as { kind: unknown }).kind)}.`,
        );
    }
  }

  #enroll({ name, metadata, templates }: GalleryChange & { kind: 'enroll' }): number {
    checkName(name);
    let identity = this.#find(name);
    if (!identity || metadata !== undefined) {
      identity = { id: identity?.id ?? this.#nextIdentityId++, name, metadata: copyMetadata(metadata, name) };
      this.#setIdentity(identity);
    }
    for (const template of templates) {
      checkEmbedding(template.embedding, this.embeddingSize, name);
      const id = this.#nextTemplateId++;
      const record = { id, identityId: identity.id, metadata: copyMetadata(template.metadata, name) };
      this.#templates.push(record);
      this.#embeddings.push(template.embedding);
      this.#identityOf.set(id, identity.id);
    }
    return identity.id;
  }

  #idOf(name: string): number | undefined {
    const id = this.#ids.get(name);
    return id === null ? undefined : (id ?? this.state.idOf(name));
  }

  #find(name: string): IdentityRecord | undefined {
    const id = this.#idOf(name);
    return id === undefined ? undefined : (this.#identities.get(id) ?? this.state.identities.get(id));
  }

  #require(name: string): IdentityRecord {
    const identity = this.#find(name);
    if (identity) return identity;
    throw new GalleryStoreError('UNKNOWN_IDENTITY', `the gallery has no identity ${JSON.stringify(name)}.`);
  }

  #setIdentity(identity: IdentityRecord): void {
    this.#identities.set(identity.id, identity);
    this.#ids.set(identity.name, identity.id);
  }

  #removeIdentity(id: number): void {
    const identity = this.#identities.get(id) ?? this.state.identities.get(id);
    if (identity) this.#ids.set(identity.name, null);
    this.#removedIdentities.add(id);
  }

  /** Returns the templates that an identity has now. */
  #templatesOf(identityId: number): number[] {
    const isOf = (id: number) =>
      !this.#removedTemplates.has(id) && (this.#identityOf.get(id) ?? identityId) === identityId;
    const added = [...this.#identityOf].filter(([, owner]) => owner === identityId).map(([id]) => id);
    return [...new Set([...this.state.templatesOf(identityId), ...added])].filter(isOf);
  }
}
