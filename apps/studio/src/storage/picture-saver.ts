import type { Inspector } from '../data/inspector.js';
import type { Picture } from '../data/picture-set.js';
import type { StudioState } from '../state/studio-state.js';
import { listNames, openFile, readWhole, remove } from './opfs.js';
import { decodeParts, encodeParts } from './parts.js';
import {
  FILES,
  IMAGES,
  type PicturesRecord,
  pathOf,
  type StoredPicture,
  THUMBNAILS,
  type TrainingRecord,
} from './project-files.js';
import type { Writer } from './writer.js';

/** Stores the pictures of a project and what is known about them. */
export class PictureSaver {
  /** Names of the pictures' files. */
  readonly #files = new WeakMap<Picture, string>();
  readonly #withThumbnail = new WeakSet<Picture>();
  readonly #state: StudioState;
  readonly #inspector: Inspector;
  readonly #writer: Writer;
  readonly #project: string;
  #next = 1;

  constructor(project: string, writer: Writer, state: StudioState, inspector: Inspector) {
    this.#project = project;
    this.#writer = writer;
    this.#state = state;
    this.#inspector = inspector;
  }

  /** Brings the stored pictures back, and removes files that nothing refers to. @returns Number of pictures. */
  async restore(training: TrainingRecord | undefined): Promise<number> {
    const bytes = await readWhole(this.#path, FILES.pictures);
    const record = bytes && decodeParts<PicturesRecord>(bytes).values;
    const stored = record?.pictures ?? [];
    const pictures = await Promise.all(stored.map((picture) => this.#read(picture)));
    const names = await listNames([...this.#path, IMAGES]);
    this.#next = 1 + Math.max(0, ...names.map(Number).filter(Number.isInteger));
    const used = new Set([...stored, ...(training?.images ?? [])].map(({ file }) => file));
    for (const folder of [IMAGES, THUMBNAILS]) {
      for (const name of await listNames([...this.#path, folder])) {
        if (!used.has(name)) await remove([...this.#path, folder], name);
      }
    }
    if (!record) return 0;
    // The visitor may have chosen already.
    if (this.#state.source.get() === 'pictures') this.#state.source.set(record.source);
    const found = pictures.flatMap((picture) => picture ?? []);
    this.#state.pictures.restore(found, record.skipped);
    this.#inspector.restore(record.copies);
    return found.length;
  }

  async #read({ file, id, identity, size, unreadable }: StoredPicture): Promise<Picture | undefined> {
    const [image, thumbnail] = await Promise.all(
      [IMAGES, THUMBNAILS].map((folder) => openFile([...this.#path, folder], file)),
    );
    if (!image) return undefined;
    const inspected = size && thumbnail && { width: size[0], height: size[1], thumbnail };
    const picture: Picture = { id, identity, image, unreadable, inspected };
    this.#files.set(picture, file);
    if (inspected) this.#withThumbnail.add(picture);
    return picture;
  }

  /** Stores what has changed. @throws The browser's error, such as QuotaExceededError. */
  async save(): Promise<void> {
    const { pictures, source } = this.#state;
    const all = pictures.all;
    for (const picture of all) await this.#write(picture);
    const record: PicturesRecord = {
      source: source.get(),
      // Pictures that were added meanwhile are stored by the next call.
      pictures: all.flatMap((picture) => this.#describe(picture) ?? []),
      skipped: pictures.skipped,
      copies: this.#inspector.copies.get(),
    };
    await this.#writer.write(this.#path, FILES.pictures, encodeParts(record), true);
  }

  async #write(picture: Picture): Promise<void> {
    if (!this.#files.has(picture)) {
      const file = String(this.#next++);
      await this.#writer.write([...this.#path, IMAGES], file, picture.image, false);
      this.#files.set(picture, file);
    }
    const { inspected } = picture;
    const file = this.#files.get(picture);
    if (!inspected || !file || this.#withThumbnail.has(picture)) return;
    await this.#writer.write([...this.#path, THUMBNAILS], file, inspected.thumbnail, false);
    this.#withThumbnail.add(picture);
  }

  #describe(picture: Picture): StoredPicture | undefined {
    const file = this.#files.get(picture);
    if (!file) return undefined;
    const { id, identity, unreadable, inspected } = picture;
    const hasThumbnail = this.#withThumbnail.has(picture);
    const size = inspected && hasThumbnail ? ([inspected.width, inspected.height] as const) : undefined;
    return { file, id, identity, unreadable, size };
  }

  /** Returns the pictures of a training with their files; call `save` before. */
  trainingImages(): Pick<StoredPicture, 'file' | 'id' | 'identity'>[] {
    return this.#state.pictures.pictures.flatMap((picture) => {
      const file = this.#files.get(picture);
      return file ? [{ file, id: picture.id, identity: picture.identity }] : [];
    });
  }

  get #path() {
    return pathOf(this.#project);
  }
}
