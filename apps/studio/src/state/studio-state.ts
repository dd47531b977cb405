import type { BrowserCheckpoint } from 'unitsphere/browser';
import type { ReportData } from 'unitsphere/report';
import { PictureSet } from '../data/picture-set.js';
import type { GalleryState } from '../recognize/messages.js';
import { Value } from './value.js';

/** What the visitor brings: pictures, nothing but the generator, or nothing at all. */
export type DataSource = 'pictures' | 'generator' | 'none';

/** State of the training. */
export type TrainingPhase =
  | { name: 'idle' }
  | { name: 'running'; percent: number }
  | { name: 'paused' }
  | { name: 'done' };

/** A model that was trained in this page. */
export interface TrainedModel {
  readonly checkpoint: BrowserCheckpoint;
  /** The complete config of its training. */
  readonly yaml: string;
  /** What it was trained on. */
  readonly source: DataSource;
}

/** A model folder that the visitor has loaded. */
export interface LoadedModel {
  readonly name: string;
  readonly files: Readonly<Record<string, Uint8Array>>;
}

/** The model of a gallery. */
export type ModelKind = 'shipped' | 'trained' | 'loaded';

/** The gallery of step Try. */
export interface EnrolledGallery {
  readonly state: GalleryState;
  /** The gallery as a file. */
  readonly bytes: Uint8Array;
  readonly model: ModelKind;
  /** Wanted rate of accepted strangers. */
  readonly rate: number;
  /** `content` of the pictures that are enrolled; undefined if the gallery was loaded. */
  readonly content?: string;
}

/** The state that the steps of the page share. */
export class StudioState {
  readonly source = new Value<DataSource>('pictures');
  readonly pictures = new PictureSet();
  readonly phase = new Value<TrainingPhase>({ name: 'idle' });
  readonly model = new Value<TrainedModel | undefined>(undefined);
  /** The gallery of step Try; undefined if nothing is enrolled. */
  readonly gallery = new Value<EnrolledGallery | undefined>(undefined);
  /** The report of the last training that has ended. */
  readonly report = new Value<ReportData | undefined>(undefined);
  /** A model folder that was loaded in step Take away. */
  readonly loaded = new Value<LoadedModel | undefined>(undefined);
}
