import pico from 'picocolors';
import { UserError } from '../user-error.js';

/** Exit codes: 1 for a fault of the program, 2 for a mistake in what was asked. */
export const EXIT = { fault: 1, mistake: 2 } as const;

const colorsOf = (stream: NodeJS.WriteStream) =>
  pico.createColors(stream.isTTY === true && !process.env.NO_COLOR);

/** Colors on standard error, where words for people go. */
export const colors = colorsOf(process.stderr);
/** Colors on standard output, where results go. */
export const outputColors = colorsOf(process.stdout);

/** A line for people. */
export function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** An error of @unitsphere/backends that says what is missing, told by its name: importing it loads TensorFlow.js. */
function isMissingBackend(error: unknown): error is Error & { remedy: string } {
  return error instanceof Error && ['BackendUnavailableError', 'InstallError'].includes(error.name);
}

/** Prints an error as its kind deserves, and gives the exit code. */
export function reportError(thrown: unknown): number {
  const error = isMissingBackend(thrown)
    ? new UserError(thrown.message.replace(thrown.remedy, '').trim(), { hint: thrown.remedy })
    : thrown;
  if (error instanceof UserError) {
    say(`${colors.red('error:')} ${error.message}`);
    for (const line of error.hint?.split('\n') ?? []) say(`  ${colors.dim(line)}`);
    return EXIT.mistake;
  }
  say(
    `${colors.red('This is a fault of unitsphere, not of yours.')} Please report it with what stands below.`,
  );
  say(error instanceof Error ? (error.stack ?? error.message) : String(error));
  for (let cause = (error as Error)?.cause; cause instanceof Error; cause = cause.cause)
    say(`caused by ${cause.stack}`);
  return EXIT.fault;
}
