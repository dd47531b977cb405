import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Config } from '../config/config.js';
import { INTERRUPTS } from '../interrupt.js';
import { UserError } from '../user-error.js';
import type { ChildReply, ChildRequest } from './child-protocol.js';

/** The end of a child process without a result. */
export interface ChildFailure {
  /** What happened, with the end of its error output. */
  failed: string;
  /** Whether it ended because memory ran out, as far as the system shows. */
  isOutOfMemory: boolean;
}

/** The outcome of a run in a child process. */
export type ChildOutcome = { ended: 'finished' | 'stopped' } | { diverged: string } | ChildFailure;

/** Options of {@link trainInChild}. */
export interface ChildTraining {
  config: Config;
  /** The run's folder is `directory/name`. */
  directory: string;
  name: string;
  resume: boolean;
  /** Aborting it stops the run after the current step, with a checkpoint. */
  signal: AbortSignal;
  onReply?(reply: ChildReply): void;
  /** The module that the process runs. Default: the built one beside this module. */
  file?: URL | string;
}

/** Characters of the end of standard error that are quoted in an error. */
const MAX_ERROR_TEXT = 4000;

/**
 * Trains a run in a child process, so that several runs use all cores and a failure does not affect the others. A process that
 * ends without a result, for example because memory ran out, is an outcome.
 * @throws UserError if the training throws one.
 */
export function trainInChild({
  config,
  directory,
  name,
  resume,
  signal,
  onReply,
  file = new URL('./study-child.js', import.meta.url),
}: ChildTraining): Promise<ChildOutcome> {
  return new Promise((resolve, reject) => {
    const child = fork(file instanceof URL ? fileURLToPath(file) : file, {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    const send = (request: ChildRequest) => {
      if (child.connected) child.send(request, () => undefined);
    };
    const stop = () => send({ type: 'stop' });
    let errorText = '';
    let last: ChildReply | undefined;
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      errorText = (errorText + text).slice(-MAX_ERROR_TEXT);
    });
    child.on('message', (reply: ChildReply) => {
      if ('ended' in reply || 'diverged' in reply || 'userError' in reply) last = reply;
      onReply?.(reply);
    });
    child.once('error', (error) =>
      resolve({ failed: `could not be started: ${error.message}`, isOutOfMemory: false }),
    );
    child.once('close', (code, killedBy) => {
      signal.removeEventListener('abort', stop);
      if (last && ('ended' in last || 'diverged' in last)) resolve(last);
      else if (last && 'userError' in last) reject(new UserError(last.userError, { hint: last.hint }));
      // Ctrl-C also ends a child that has not installed its signal handlers yet.
      else if (signal.aborted && killedBy && INTERRUPTS.includes(killedBy)) resolve({ ended: 'stopped' });
      else resolve(describeFailure(code, killedBy, errorText.trim()));
    });
    signal.addEventListener('abort', stop);
    send({ type: 'train', config, directory, name, resume });
    if (signal.aborted) stop();
  });
}

// What Node and WebAssembly print when they cannot get more memory.
const OUT_OF_MEMORY =
  /heap out of memory|Array buffer allocation failed|could not allocate memory|out of memory/i;

function describeFailure(code: number | null, killedBy: string | null, errorText: string): ChildFailure {
  // Linux ends the process that needs most memory by SIGKILL, and nothing else does so unasked.
  const isKilled = killedBy === 'SIGKILL';
  const isOutOfMemory = isKilled || OUT_OF_MEMORY.test(errorText);
  const end = killedBy ? `was ended by ${killedBy}` : `ended with code ${code}`;
  const reason = isKilled ? `${end}, as the system does when memory runs out` : end;
  return { failed: errorText ? `${reason}:\n${errorText}` : reason, isOutOfMemory };
}
