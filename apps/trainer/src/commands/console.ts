import pico from 'picocolors';
import { printable } from '../printable.js';
import { UserError } from '../user-error.js';
import { explainFailure } from './explain-failure.js';

/**
 * Exit codes: 1 for a bug or a machine that cannot train, 2 for an error that the user can fix, 3 if some images could not be read
 * and the others were processed.
 */
export const EXIT = { failure: 1, userError: 2, unreadable: 3 } as const;

const createColors = (stream: NodeJS.WriteStream) =>
  pico.createColors(stream.isTTY === true && !process.env.NO_COLOR);

/** Colors for standard error, which has messages. */
export const colors = createColors(process.stderr);
/** Colors for standard output, which has results. */
export const outputColors = createColors(process.stdout);

/** Returns the width of standard output in characters: the terminal's, or else `COLUMNS`. Unlimited for files and pipes. */
export function outputWidth(): number {
  return process.stdout.columns || Number(process.env.COLUMNS) || Number.POSITIVE_INFINITY;
}

/** Returns the width of messages in characters: the terminal's, or else 100. */
export function messageWidth(): number {
  return process.stderr.columns || 100;
}

/** Prints a message to standard error. */
export function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** Recognizes errors of @unitsphere/backends by name, because importing their classes would load TensorFlow.js. */
function isMissingBackend(error: unknown): error is Error & { remedy: string } {
  return error instanceof Error && ['BackendUnavailableError', 'InstallError'].includes(error.name);
}

/** Prints an error and returns the exit code: a {@link UserError} as message and hint, any other error with its stack. */
export function reportError(thrown: unknown): number {
  const error = isMissingBackend(thrown)
    ? new UserError(thrown.message.replace(thrown.remedy, '').trim(), { hint: thrown.remedy })
    : thrown instanceof UserError
      ? thrown
      : (explainFailure(thrown) ?? thrown);
  if (error instanceof UserError) {
    say(`${colors.red('error:')} ${printable(error.message)}`);
    for (const line of error.hint?.split('\n') ?? []) say(`  ${colors.dim(printable(line))}`);
    return EXIT.userError;
  }
  say(`${colors.red('This is a bug in unitsphere.')} Please report it together with the following text:`);
  say(error instanceof Error ? (error.stack ?? error.message) : String(error));
  for (let cause = (error as Error)?.cause; cause instanceof Error; cause = cause.cause)
    say(`caused by ${cause.stack}`);
  return EXIT.failure;
}
