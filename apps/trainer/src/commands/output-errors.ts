/** Codes of an output that is gone: a closed pipe, a closed terminal. */
const GONE = new Set(['EPIPE', 'EIO', 'ERR_STREAM_DESTROYED']);

/** Errors of the standard streams, none of which ends the program. */
export interface OutputErrors {
  /** Returns the exit code for results that could not be written to a full disk; 0 if nothing or only a closed reader failed. */
  exitCode(): number;
}

/**
 * Lets the program outlive its output: a closed terminal, a pipe whose reader has ended, or a full disk must not end hours of
 * work, whose results are in files.
 */
export function surviveOutputErrors(): OutputErrors {
  let failure: NodeJS.ErrnoException | undefined;
  process.stderr.on('error', () => {});
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (failure || GONE.has(error.code ?? '')) return;
    failure = error;
    process.stderr.write(`error: cannot write to standard output: ${error.message}\n`);
  });
  return { exitCode: () => (failure ? 1 : 0) };
}
