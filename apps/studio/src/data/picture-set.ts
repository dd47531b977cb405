import type { LabeledImage } from '@unitsphere/data';
import type { InspectedPicture } from './messages.js';

/** A picture of the visitor. */
export interface Picture {
  /** Unique name: the path of its file. */
  readonly id: string;
  identity: string;
  readonly image: Blob;
  /** What the inspection has found; undefined until then. */
  inspected?: InspectedPicture;
  /** Reason if the picture cannot be read. */
  unreadable?: string;
}

/** An identity with its pictures, in the order in which they were added. */
export interface PictureIdentity {
  readonly name: string;
  readonly pictures: readonly Picture[];
}

/** A file that is not used, and why. */
export interface SkippedPicture {
  readonly file: string;
  readonly reason: string;
}

/** The visitor's pictures and the names of their identities. Unreadable pictures are kept apart. */
export class PictureSet {
  readonly #pictures = new Map<string, Picture>();
  readonly #skipped: SkippedPicture[] = [];
  readonly #listeners = new Set<() => void>();
  #revision = 0;

  /** Increases with each change. */
  get revision(): number {
    return this.#revision;
  }

  /** All pictures that are not known to be unreadable. */
  get pictures(): readonly Picture[] {
    return [...this.#pictures.values()].filter(({ unreadable }) => unreadable === undefined);
  }

  /** All pictures, with unreadable ones. */
  get all(): readonly Picture[] {
    return [...this.#pictures.values()];
  }

  /** Files that are no pictures. */
  get skipped(): readonly SkippedPicture[] {
    return this.#skipped;
  }

  /** Changes whenever pictures are added, removed or named differently. */
  get content(): string {
    return JSON.stringify(this.pictures.map(({ id, identity }) => [id, identity]));
  }

  /** Whether every picture has been inspected. */
  get isInspected(): boolean {
    return this.pictures.every(({ inspected }) => inspected !== undefined);
  }

  get(id: string): Picture | undefined {
    return this.#pictures.get(id);
  }

  /** Calls a listener after each change. */
  onChange(listener: () => void): void {
    this.#listeners.add(listener);
  }

  /**
   * Adds pictures. A name that another picture has is numbered.
   * @param skipped Files that are no pictures.
   * @returns The new pictures.
   */
  add(images: readonly LabeledImage[], skipped: readonly SkippedPicture[] = []): Picture[] {
    const added = images.map(({ identity, image, id }) => {
      const blob = image instanceof Blob ? image : new Blob([image as Uint8Array<ArrayBuffer>]);
      const picture: Picture = { id: this.#freeId(id ?? identity), identity, image: blob };
      this.#pictures.set(picture.id, picture);
      return picture;
    });
    this.#skipped.push(...skipped);
    this.#changed();
    return added;
  }

  /** Brings back pictures of an earlier visit. */
  restore(pictures: readonly Picture[], skipped: readonly SkippedPicture[]): void {
    for (const picture of pictures) this.#pictures.set(picture.id, picture);
    this.#skipped.push(...skipped);
    this.#changed();
  }

  /** Records what an inspection has found. Pictures that were removed meanwhile are ignored. */
  settle(id: string, found: InspectedPicture | { unreadable: string }): void {
    const picture = this.#pictures.get(id);
    // A second inspection only prepares the search for copies.
    if (!picture || picture.inspected) return;
    if ('unreadable' in found) picture.unreadable = found.unreadable;
    else picture.inspected = found;
    this.#changed();
  }

  /** Returns the identities with pictures, by name. */
  identities(): PictureIdentity[] {
    const byName = new Map<string, Picture[]>();
    for (const picture of this.pictures) {
      const pictures = byName.get(picture.identity);
      if (pictures) pictures.push(picture);
      else byName.set(picture.identity, [picture]);
    }
    return [...byName]
      .map(([name, pictures]) => ({ name, pictures }))
      .sort((a, b) => a.name.localeCompare(b.name, 'en', { numeric: true }));
  }

  /** Returns the files that are not used. */
  unreadable(): SkippedPicture[] {
    const failed = [...this.#pictures.values()].flatMap(({ id, unreadable }) =>
      unreadable === undefined ? [] : { file: id, reason: unreadable },
    );
    return [...this.#skipped, ...failed];
  }

  /** Returns the pictures as a training takes them. */
  labeledImages(): LabeledImage[] {
    return this.pictures.map(({ id, identity, image }) => ({ id, identity, image }));
  }

  /** Renames an identity. If another one has the name, they become one. Empty names are ignored. */
  rename(from: string, to: string): void {
    const name = to.trim().normalize('NFC');
    if (name === '' || name === from) return;
    this.merge([from], name);
  }

  /** Gives the pictures of several identities one name. */
  merge(names: readonly string[], into: string): void {
    for (const picture of this.#pictures.values()) {
      if (names.includes(picture.identity)) picture.identity = into;
    }
    this.#changed();
  }

  /** Removes identities with their pictures. */
  removeIdentity(name: string): void {
    for (const { id, identity } of [...this.#pictures.values()]) {
      if (identity === name) this.#pictures.delete(id);
    }
    this.#changed();
  }

  removePictures(ids: readonly string[]): void {
    for (const id of ids) this.#pictures.delete(id);
    this.#changed();
  }

  clear(): void {
    this.#pictures.clear();
    this.#skipped.length = 0;
    this.#changed();
  }

  #freeId(wanted: string): string {
    let id = wanted;
    for (let n = 2; this.#pictures.has(id); n++) id = `${wanted} (${n})`;
    return id;
  }

  #changed(): void {
    this.#revision++;
    for (const listener of [...this.#listeners]) listener();
  }
}
