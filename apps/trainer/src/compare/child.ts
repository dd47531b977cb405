/** Entry of the child process of one of a study's runs. It trains as `unitsphere train` does, on request of its parent. */
import { INTERRUPTS } from '../interrupt.js';
import type { ProgressReporter } from '../progress/progress-reporter.js';
import { RunDirectory } from '../run/run-directory.js';
import { NotFiniteError } from '../step/training-step.js';
import { runTraining } from '../train/run-training.js';
import { UserError } from '../user-error.js';
import type { ChildReply, ChildRequest } from './child-protocol.js';

const MS_BETWEEN_REPLIES = 500;

// A killed parent's pipes are gone, and must not end the child before its checkpoint.
process.stderr.on('error', () => {});

const stop = new AbortController();
const reply = (message: ChildReply) => void process.send?.(message);
/** Whether the run has not been opened yet. */
let isPreparing = true;

function halt(): void {
  stop.abort();
  if (!isPreparing) return;
  // Training has not started, so there is nothing to save.
  if (process.connected) process.send?.({ ended: 'stopped' } satisfies ChildReply, () => process.exit());
  else process.exit();
}

// Ctrl-C signals every process of the terminal's group. Ignore it here, because the parent sends `stop`.
for (const signal of INTERRUPTS) process.on(signal, () => undefined);
// Stop with a checkpoint if the parent has ended.
process.on('disconnect', halt);
process.on('message', (request: ChildRequest) => {
  if (request.type === 'stop') halt();
  else void train(request);
});

async function train({ config, directory, name, resume }: Extract<ChildRequest, { type: 'train' }>) {
  let run: RunDirectory | undefined;
  try {
    const outcome = await runTraining({
      config,
      resume,
      progress: createReporter(),
      signal: stop.signal,
      openRun: async () => {
        isPreparing = false;
        if (resume) {
          run = await RunDirectory.open(`${directory}/${name}`);
        } else {
          run = await RunDirectory.create(directory, name);
          await run.writeConfig(config);
        }
        return run;
      },
    });
    await run?.close();
    reply({ ended: outcome.summary ? 'finished' : 'stopped' });
  } catch (error) {
    await run?.close();
    if (!resume) await run?.deleteIfUnused();
    if (error instanceof NotFiniteError) reply({ diverged: error.message });
    else if (error instanceof UserError) reply({ userError: error.message, hint: error.hint });
    else throw error;
  } finally {
    isPreparing = false;
    process.disconnect?.();
  }
}

/** Sends the progress of the training to the parent. */
function createReporter(): ProgressReporter {
  let lastSent = Number.NEGATIVE_INFINITY;
  return {
    step({ step, loss }) {
      const now = performance.now();
      if (now - lastSent < MS_BETWEEN_REPLIES) return;
      lastSent = now;
      reply({ step, loss });
    },
    phase: (phase) => reply({ phase }),
    note: (note) => reply({ note }),
    done: () => undefined,
  };
}
