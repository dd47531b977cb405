import type { BrowserCheckpoint } from 'unitsphere/browser';
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

/** The state that the steps of the page share. */
export class StudioState {
  readonly source = new Value<DataSource>('pictures');
  readonly pictures = new PictureSet();
  readonly phase = new Value<TrainingPhase>({ name: 'idle' });
  readonly model = new Value<TrainedModel | undefined>(undefined);
  /** The gallery of step Try; undefined if nothing is enrolled. */
  readonly gallery = new Value<GalleryState | undefined>(undefined);
}
