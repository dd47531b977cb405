/** The templates of each identity, by id. Most identities have one template, for which no set is created. */
export class TemplateIndex {
  readonly #templates = new Map<number, number | Set<number>>();

  add(identityId: number, templateId: number): void {
    const present = this.#templates.get(identityId);
    if (present === undefined) this.#templates.set(identityId, templateId);
    else if (typeof present === 'number') this.#templates.set(identityId, new Set([present, templateId]));
    else present.add(templateId);
  }

  delete(identityId: number, templateId: number): void {
    const present = this.#templates.get(identityId);
    if (present === templateId) this.#templates.delete(identityId);
    else if (typeof present === 'object') present.delete(templateId);
  }

  /** Returns the templates of an identity, in no order. */
  of(identityId: number): Iterable<number> {
    const present = this.#templates.get(identityId) ?? [];
    return typeof present === 'number' ? [present] : present;
  }
}
