import type { ChosenThreshold } from '../recognize/choose-threshold.js';

/** Id of the element of a ready page that holds its data. */
export const DATA_ID = 'ready-data';

/** What a ready page holds. Files are in base64. */
export interface ReadyData {
  readonly title: string;
  /** Files of the model folder. */
  readonly model: Readonly<Record<string, string>>;
  /** The gallery file. */
  readonly gallery: string;
  /** TensorFlow.js's WebAssembly file with SIMD. */
  readonly wasm: string;
  readonly threshold?: ChosenThreshold;
  /** Addresses of thumbnails (`data:`) by the ids of pictures. */
  readonly thumbnails: Readonly<Record<string, string>>;
}
