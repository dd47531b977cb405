/** What the inspection of a picture has found. */
export interface InspectedPicture {
  /** Sides of the decoded picture in pixels. */
  readonly width: number;
  readonly height: number;
  /** A small JPEG. */
  readonly thumbnail: Blob;
}

/** Pictures that show the same. */
export interface CopyGroup {
  readonly kind: 'identical' | 'near-identical';
  /** Ids of the pictures, at least two. */
  readonly ids: readonly string[];
}

/** A message to the inspection worker. */
export type ToInspection =
  | { type: 'inspect'; id: string; image: Blob }
  /** Asks for the copies among all pictures, by identity. Others were removed. */
  | { type: 'find-copies'; request: number; identities: readonly { name: string; ids: readonly string[] }[] };

/** A message of the inspection worker. */
export type FromInspection =
  | { type: 'inspected'; id: string; picture: InspectedPicture }
  | { type: 'unreadable'; id: string; reason: string }
  | { type: 'copies'; request: number; groups: readonly CopyGroup[] };
