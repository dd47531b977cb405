import type { BrowserCheckpoint, MetricsRecord, Saved } from 'unitsphere/browser';
import type { ReportData } from 'unitsphere/report';
import type { CopyGroup } from '../data/messages.js';
import type { SkippedPicture } from '../data/picture-set.js';
import type { GalleryState } from '../recognize/messages.js';
import type { DataSource, ModelKind } from '../state/studio-state.js';
import { type FolderPath, readWhole, writeWhole } from './opfs.js';
import { decodeParts, encodeParts } from './parts.js';

/** Folder of all projects. */
export const PROJECTS = 'projects';

/** The names of a project's files. */
export const FILES = {
  /** `ProjectRecord` */
  project: 'project',
  /** `PicturesRecord` */
  pictures: 'pictures',
  /** `TrainingRecord` */
  training: 'training',
  /** `CheckpointRecord` with the files of a checkpoint. */
  checkpoint: 'checkpoint',
  /** `OutcomeRecord` */
  outcome: 'outcome',
  /** `GalleryRecord` with the file `gallery`. */
  gallery: 'gallery',
  /** `LoadedRecord` with the files of a model folder. */
  loaded: 'loaded',
} as const;

/** Folder of the pictures' files, and that of their thumbnails. Both have the picture's number as name. */
export const IMAGES = 'images';
export const THUMBNAILS = 'thumbnails';

export const pathOf = (project: string): FolderPath => [PROJECTS, project];

export interface ProjectRecord {
  name: string;
  /** ISO 8601. */
  createdAt: string;
}

/** A picture with the name of its file. */
export interface StoredPicture {
  file: string;
  id: string;
  identity: string;
  /** Sides in pixels, once it was inspected; it then has a thumbnail. */
  size?: readonly [width: number, height: number];
  unreadable?: string;
}

export interface PicturesRecord {
  source: DataSource;
  pictures: StoredPicture[];
  skipped: readonly SkippedPicture[];
  copies: readonly CopyGroup[];
}

/** What a training was started with. */
export interface TrainingRecord {
  /** Names the training in its checkpoint and its outcome. */
  id: string;
  yaml: string;
  settings: readonly string[];
  /** Pictures of the training; undefined for generated documents. */
  images?: Pick<StoredPicture, 'file' | 'id' | 'identity'>[];
}

export interface CheckpointRecord {
  training: string;
  step: number;
  saved: Saved;
  metrics: readonly MetricsRecord[];
  /** The complete config. */
  config: string;
}

export interface OutcomeRecord {
  training: string;
  report: ReportData;
}

export interface GalleryRecord {
  state: GalleryState;
  model: ModelKind;
  rate: number;
  content?: string;
}

export interface LoadedRecord {
  name: string;
}

/** Stores a checkpoint of a project. Works in workers only. */
export async function writeCheckpoint(
  project: string,
  training: string,
  { step, saved, metrics, files, best }: BrowserCheckpoint,
  config: string,
): Promise<void> {
  const record: CheckpointRecord = { training, step, saved, metrics, config };
  const named = Object.entries(best ?? {}).map(([name, bytes]) => [`${BEST}${name}`, bytes]);
  const all = { ...files, ...Object.fromEntries(named) };
  await writeWhole(pathOf(project), FILES.checkpoint, encodeParts(record, all));
}

/** Reads the checkpoint of a training; undefined if there is none. */
export async function readCheckpoint(
  project: string,
  training: string,
): Promise<{ checkpoint: BrowserCheckpoint; config: string } | undefined> {
  const bytes = await readWhole(pathOf(project), FILES.checkpoint);
  if (!bytes) return undefined;
  const { values, files } = decodeParts<CheckpointRecord>(bytes);
  // A page that is killed when a training starts leaves the checkpoint of the one before.
  if (values.training !== training) return undefined;
  const { step, saved, metrics, config } = values;
  const ofBest = Object.entries(files).filter(([name]) => name.startsWith(BEST));
  const checkpoint: BrowserCheckpoint = {
    step,
    saved,
    metrics,
    files: Object.fromEntries(Object.entries(files).filter(([name]) => !name.startsWith(BEST))),
    ...(ofBest.length > 0 && {
      best: Object.fromEntries(ofBest.map(([name, bytes]) => [name.slice(BEST.length), bytes])),
    }),
  };
  return { checkpoint, config };
}

/** Prefix of the files of the best checkpoint. */
const BEST = 'best/';
