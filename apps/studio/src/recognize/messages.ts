import type { Recognition } from '@unitsphere/recognition';
import type { Failure } from '../failure.js';
import type { ChosenThreshold } from './choose-threshold.js';
import type { HardPair } from './gallery-points.js';

/** The model of a gallery: the shipped one, the files of a checkpoint, or those of a model folder. */
export type RecognizerModel =
  | { kind: 'shipped' }
  | { kind: 'checkpoint'; files: Readonly<Record<string, Uint8Array>>; isFromShipped: boolean }
  | { kind: 'folder'; files: Readonly<Record<string, Uint8Array>> };

/** An identity to enroll, with its pictures by their ids. */
export interface EnrolledIdentity {
  readonly name: string;
  readonly pictures: readonly { readonly id: string; readonly image: Blob }[];
}

/** What a gallery holds. */
export interface GalleryState {
  readonly identities: number;
  readonly pictures: number;
  readonly threshold?: ChosenThreshold;
}

/** A gallery and its file. */
export interface GalleryFile {
  readonly state: GalleryState;
  readonly bytes: Uint8Array;
}

/** A picture on the map of embeddings. */
export interface MapPoint {
  readonly name: string;
  readonly picture: string;
  /** Position in [0, 1]. */
  readonly x: number;
  readonly y: number;
}

/** The embeddings of a gallery. */
export interface GalleryOverview {
  readonly pairs: readonly HardPair[];
  readonly points: readonly MapPoint[];
}

/** An identity that resembles a picture. */
export interface RankedMatch {
  readonly name: string;
  readonly score: number;
  /** Id of the enrolled picture that is most similar. */
  readonly picture: string;
}

/** Who is in a picture. */
export interface RecognizedPicture extends Pick<Recognition, 'decision' | 'name' | 'threshold'> {
  readonly matches: readonly RankedMatch[];
  /** Milliseconds that decoding, embedding and searching took. */
  readonly milliseconds: number;
}

/** A call of the recognition worker, and what it returns. */
export interface RecognizerCalls {
  /** Opens a gallery for a model: an empty one, or that of a file. */
  open: { argument: { model: RecognizerModel; gallery?: Uint8Array }; result: undefined };
  /** Enrolls identities and calibrates, if there are enough. */
  enroll: {
    argument: { identities: readonly EnrolledIdentity[]; falseAcceptRate: number };
    result: GalleryFile;
  };
  /** Chooses the threshold for a rate of accepted strangers. */
  calibrate: { argument: number; result: GalleryFile };
  recognize: { argument: Blob | ImageBitmap; result: RecognizedPicture };
  /** Returns the hardest pairs, and a map of the embeddings. */
  overview: { argument: undefined; result: GalleryOverview };
  /** Returns the files of the model folder. */
  modelFiles: { argument: undefined; result: Readonly<Record<string, Uint8Array>> };
}

export type CallName = keyof RecognizerCalls;

/** A message to the recognition worker. */
export interface ToRecognizer {
  request: number;
  name: CallName;
  argument: unknown;
}

/** A message of the recognition worker. */
export type FromRecognizer =
  | { type: 'result'; request: number; result: unknown }
  | { type: 'progress'; request: number; done: number; total: number }
  | { type: 'failed'; request: number; failure: Failure };
