import type { LabeledImage } from '@unitsphere/data';
import type { BrowserCheckpoint } from 'unitsphere/browser';
import type { ReportData } from 'unitsphere/report';
import type { Inspector } from '../data/inspector.js';
import type { EnrolledGallery, LoadedModel, StudioState } from '../state/studio-state.js';
import { Value } from '../state/value.js';
import type { TrainingRequest } from '../train/training-request.js';
import { openFile, readWhole, removeWhole } from './opfs.js';
import { decodeParts, encodeParts } from './parts.js';
import { PictureSaver } from './picture-saver.js';
import {
  FILES,
  type GalleryRecord,
  IMAGES,
  type LoadedRecord,
  type OutcomeRecord,
  pathOf,
  readCheckpoint,
  type TrainingRecord,
} from './project-files.js';
import { type ProjectInfo, rememberProject } from './projects.js';
import type { Writer } from './writer.js';

/** Milliseconds in which changes of the pictures are collected before they are stored. */
const COLLECT_MS = 300;

/** A training that an earlier visit has started. */
export interface StoredTraining {
  readonly request: TrainingRequest;
  readonly id: string;
  /** The complete config; undefined before the first checkpoint. */
  readonly config?: string;
  readonly checkpoint?: BrowserCheckpoint;
  /** Present if the training has ended. */
  readonly report?: ReportData;
  /** Number of its pictures whose files are missing. */
  readonly missing: number;
}

/** Whether everything is stored. */
export type SaveStatus = { name: 'saved' } | { name: 'saving' } | { name: 'failed'; error: Error };

/** The open project: keeps pictures, trainings and the gallery in the browser's storage. */
export class Project {
  readonly status = new Value<SaveStatus>({ name: 'saved' });
  readonly #pictures: PictureSaver;
  #pending = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #turn: Promise<unknown> = Promise.resolve();
  #wantsPersistence = true;

  constructor(
    readonly info: ProjectInfo,
    readonly writer: Writer,
    readonly state: StudioState,
    inspector: Inspector,
  ) {
    this.#pictures = new PictureSaver(info.id, writer, state, inspector);
    rememberProject(info.id);
  }

  /** Brings back what is stored, then stores each change. @returns The last training, if there is one. */
  async open(inspector: Inspector): Promise<StoredTraining | undefined> {
    const record = await this.#read<TrainingRecord>(FILES.training);
    const restored = await this.#pictures.restore(record?.values);
    const loaded = await this.#read<LoadedRecord>(FILES.loaded);
    if (loaded) this.state.loaded.set({ name: loaded.values.name, files: loaded.files });
    const training = record && (await this.#readTraining(record.values));
    const gallery = await this.#read<GalleryRecord>(FILES.gallery);
    const { revision } = this.state.pictures;
    const source = this.state.source.get();
    const copies = inspector.copies.get();
    this.state.pictures.onChange(() => {
      if (this.state.pictures.revision !== revision) this.#savePicturesSoon();
    });
    this.state.source.watch((chosen) => chosen !== source && this.#savePicturesSoon());
    inspector.copies.watch((found) => found !== copies && this.#savePicturesSoon());
    // Pictures that were added while the project was opened.
    if (this.state.pictures.all.length !== restored) this.#savePicturesSoon();
    if (gallery) this.#stored = { ...gallery.values, bytes: gallery.files['gallery'] };
    return training;
  }

  /** The gallery of an earlier visit. It belongs to the model of its record, which must be shown first. */
  get gallery(): EnrolledGallery | undefined {
    return this.#stored;
  }
  #stored: EnrolledGallery | undefined;

  async #readTraining({ id, yaml, settings, images }: TrainingRecord): Promise<StoredTraining> {
    const found = await readCheckpoint(this.info.id, id);
    const outcome = await this.#read<OutcomeRecord>(FILES.outcome);
    const opened = images && (await Promise.all(images.map((image) => this.#openImage(image))));
    return {
      id,
      request: { yaml, settings: [...settings], images: opened?.flatMap((image) => image ?? []) },
      config: found?.config,
      checkpoint: found?.checkpoint,
      report: outcome?.values.training === id ? outcome.values.report : undefined,
      missing: opened ? opened.filter((image) => !image).length : 0,
    };
  }

  async #openImage({ file, id, identity }: { file: string; id: string; identity: string }) {
    const image = await openFile([...pathOf(this.info.id), IMAGES], file);
    return image && ({ id, identity, image } satisfies LabeledImage);
  }

  /** Stores what a new training starts with; the previous training is then gone. @returns The id of the training. */
  async startTraining({ yaml, settings, images }: TrainingRequest): Promise<string> {
    const record: TrainingRecord = { id: crypto.randomUUID(), yaml, settings };
    await this.#run(async () => {
      if (images) {
        await this.#pictures.save();
        record.images = this.#pictures.trainingImages();
      }
      await this.#write(FILES.training, record);
      for (const name of [FILES.checkpoint, FILES.outcome]) await removeWhole(pathOf(this.info.id), name);
    });
    return record.id;
  }

  /** Stores the results of a training. */
  saveOutcome(training: string, report: ReportData): Promise<void> {
    return this.#run(() => this.#write(FILES.outcome, { training, report } satisfies OutcomeRecord));
  }

  /** Stores the gallery; undefined removes it. */
  saveGallery(gallery: EnrolledGallery | undefined): Promise<void> {
    return this.#run(async () => {
      if (!gallery) return removeWhole(pathOf(this.info.id), FILES.gallery);
      const { bytes, ...record } = gallery;
      await this.#write(FILES.gallery, record satisfies GalleryRecord, { gallery: bytes });
    });
  }

  /** Stores a model folder that was loaded. */
  saveLoaded({ name, files }: LoadedModel): Promise<void> {
    return this.#run(() => this.#write(FILES.loaded, { name } satisfies LoadedRecord, files));
  }

  #savePicturesSoon(): void {
    this.status.set({ name: 'saving' });
    if (this.#timer !== undefined) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      void this.#run(() => this.#pictures.save());
    }, COLLECT_MS);
  }

  /** Runs one change after another. A failure is shown by the status; the page keeps everything in memory. */
  async #run(change: () => Promise<void>): Promise<void> {
    this.#pending++;
    this.status.set({ name: 'saving' });
    if (this.#wantsPersistence) {
      this.#wantsPersistence = false;
      // Without it, a browser may delete the project when the disk is full.
      void navigator.storage.persist?.();
    }
    const done = this.#turn.then(change);
    this.#turn = done.catch(() => {});
    try {
      await done;
      if (--this.#pending === 0 && this.#timer === undefined) this.status.set({ name: 'saved' });
    } catch (error) {
      this.#pending--;
      this.status.set({ name: 'failed', error: error as Error });
    }
  }

  #write(name: string, values: unknown, files?: Readonly<Record<string, Uint8Array>>): Promise<void> {
    return this.writer.write(pathOf(this.info.id), name, encodeParts(values, files), true);
  }

  async #read<T>(name: string) {
    const bytes = await readWhole(pathOf(this.info.id), name);
    return bytes && decodeParts<T>(bytes);
  }
}
