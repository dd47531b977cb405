import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Config } from '../config/config.js';
import { INTERRUPTS } from '../interrupt.js';
import { UserError } from '../user-error.js';
import type { ChildReply, ChildRequest } from './child-protocol.js';

/** How a run in a process of its own ended. */
export type ChildOutcome = { ended: 'finished' | 'stopped' } | { diverged: string };

/** What {@link trainInChild} is given. */
export interface ChildTraining {
  config: Config;
  /** The run's folder is `directory/name`. */
  directory: string;
  name: string;
  resume: boolean;
  /** Aborting it stops the run after the step under way, with a checkpoint. */
  signal: AbortSignal;
  onReply?(reply: ChildReply): void;
  /** The module of the process. Default: the one built beside this. */
  file?: URL | string;
}

/** The end of a process's words that tells what went wrong. */
const ERROR_TEXT = 4000;

/**
 * Makes a run in a process of its own, so that several fill the cores and one that fails takes no other with it.
 * @throws UserError for what a person can mend; Error where the process ended without a word.
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
    const stop = () => send({ do: 'stop' });
    let words = '';
    let last: ChildReply | undefined;
    child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      words = (words + text).slice(-ERROR_TEXT);
    });
    child.on('message', (reply: ChildReply) => {
      if ('ended' in reply || 'diverged' in reply || 'mistake' in reply) last = reply;
      onReply?.(reply);
    });
    child.once('error', reject);
    child.once('close', (code, killedBy) => {
      signal.removeEventListener('abort', stop);
      if (last && ('ended' in last || 'diverged' in last)) resolve(last);
      else if (last && 'mistake' in last) reject(new UserError(last.mistake, { hint: last.hint }));
      // Ctrl-C reaches the whole group of a terminal's processes, also one that has not come to say that it minds.
      else if (signal.aborted && killedBy && INTERRUPTS.includes(killedBy)) resolve({ ended: 'stopped' });
      else {
        const how = killedBy ? `was ended by ${killedBy}` : `ended with code ${code}`;
        reject(new Error(`the training ${directory}/${name} ${how}.\n${words.trim()}`));
      }
    });
    signal.addEventListener('abort', stop);
    send({ do: 'train', config, directory, name, resume });
    if (signal.aborted) stop();
  });
}
