import type { GallerySnapshot, IdentityRecord, Metadata, TemplateRecord } from './store/gallery-store.js';

/** An identity with its templates. */
export interface ViewedIdentity {
  readonly id: number;
  name: string;
  metadata: Metadata;
  /** By ascending id. */
  readonly templates: TemplateRecord[];
}

/** The identities and templates of a gallery, without embeddings. */
export class GalleryView {
  readonly byName = new Map<string, ViewedIdentity>();
  readonly byId = new Map<number, ViewedIdentity>();
  templates = 0;

  constructor({ identities, templates }: Pick<GallerySnapshot, 'identities' | 'templates'>) {
    for (const identity of identities) this.addIdentity(identity);
    for (const template of templates) this.addTemplate(template);
  }

  /** Identities that have a template: only these can be recognized. */
  get enrolled(): number {
    let count = 0;
    for (const { templates } of this.byId.values()) if (templates.length > 0) count++;
    return count;
  }

  addIdentity({ id, name, metadata }: IdentityRecord): ViewedIdentity {
    const identity = { id, name, metadata, templates: [] };
    this.byName.set(name, identity);
    this.byId.set(id, identity);
    return identity;
  }

  addTemplate(template: TemplateRecord): void {
    this.byId.get(template.identityId)?.templates.push(template);
    this.templates++;
  }

  remove(identity: ViewedIdentity): void {
    this.byName.delete(identity.name);
    this.byId.delete(identity.id);
    this.templates -= identity.templates.length;
  }

  rename(identity: ViewedIdentity, name: string): void {
    this.byName.delete(identity.name);
    identity.name = name;
    this.byName.set(name, identity);
  }

  merge(identity: ViewedIdentity, into: ViewedIdentity): void {
    const moved = identity.templates.map((template) => ({ ...template, identityId: into.id }));
    this.remove(identity);
    into.templates.push(...moved);
    into.templates.sort((a, b) => a.id - b.id);
    this.templates += moved.length;
  }
}
