import type { Calibration, Recognition } from '@unitsphere/recognition';
import type { Failure } from '../failure.js';

/** The model of a gallery: the shipped one, or the files of a checkpoint. */
export type RecognizerModel = { kind: 'shipped' } | { kind: 'checkpoint'; files: Record<string, Uint8Array> };

/** An identity to enroll, with its pictures by their ids. */
export interface EnrolledIdentity {
  readonly name: string;
  readonly pictures: readonly { readonly id: string; readonly image: Blob }[];
}

/** What a gallery holds. */
export interface GalleryState {
  readonly identities: number;
  readonly pictures: number;
  readonly calibration?: Pick<Calibration, 'threshold' | 'rate' | 'interval' | 'warnings'>;
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
  /** Opens an empty gallery for a model. */
  open: { argument: RecognizerModel; result: undefined };
  /** Enrolls identities and calibrates, if there are enough. */
  enroll: {
    argument: { identities: readonly EnrolledIdentity[]; falseAcceptRate: number };
    result: GalleryState;
  };
  /** Chooses the threshold for a rate of accepted strangers, if there are enough identities. */
  calibrate: { argument: number; result: GalleryState };
  recognize: { argument: Blob | ImageBitmap; result: RecognizedPicture };
  /** Returns the gallery as a file. */
  toBytes: { argument: undefined; result: Uint8Array<ArrayBuffer> };
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
