/** An embedding or a class center holds a value that is not finite. Nothing was changed. */
export class NotFiniteError extends Error {
  override name = 'NotFiniteError';
  /** Stable name of the error, for programs. */
  readonly code = 'NOT_FINITE';
}

/** Class centers cannot be opened, read or written. */
export class CenterStoreError extends Error {
  override name = 'CenterStoreError';
  /** Stable name of the error, for programs. */
  readonly code: string = 'CENTERS_UNUSABLE';
}

/** The saved class centers are in one file per rank, and the number of ranks is now different. `folderStore` allows that. */
export class CenterFilesError extends CenterStoreError {
  override name = 'CenterFilesError';
  /** Stable name of the error, for programs. */
  override readonly code = 'CENTERS_OTHER_RANKS';

  constructor(
    /** Number of files, which is the number of ranks that wrote them. */
    readonly files: number,
    /** Number of ranks that tried to open them. */
    readonly ranks: number,
  ) {
    super(
      `the saved class centers are in ${files} ${files === 1 ? 'file' : 'files'}, one per rank, but the group has ` +
        `${ranks} ${ranks === 1 ? 'rank' : 'ranks'}. Resume with ${files}, or open them with folderStore.`,
    );
  }
}
