import type { PictureSet } from '../data/picture-set.js';

/** Addresses of thumbnails, which are released with their pictures. */
export class Thumbnails {
  readonly #urls = new Map<string, string>();
  readonly #set: PictureSet;

  constructor(set: PictureSet) {
    this.#set = set;
    set.onChange(() => {
      for (const [id, url] of this.#urls) {
        if (set.get(id)) continue;
        URL.revokeObjectURL(url);
        this.#urls.delete(id);
      }
    });
  }

  /** Returns the address of a picture's thumbnail; undefined if there is none yet. */
  get(id: string): string | undefined {
    const known = this.#urls.get(id);
    const thumbnail = this.#set.get(id)?.inspected?.thumbnail;
    if (known || !thumbnail) return known;
    const url = URL.createObjectURL(thumbnail);
    this.#urls.set(id, url);
    return url;
  }
}
