/** The process of one of a study's runs: the trainer as `unitsphere train` has it, told what to do by its parent. */
import { INTERRUPTS } from '../interrupt.js';
import type { ProgressReporter } from '../progress/progress-reporter.js';
import { RunDirectory } from '../run/run-directory.js';
import { NotFiniteError } from '../step/training-step.js';
import { runTraining } from '../train/run-training.js';
import { UserError } from '../user-error.js';
import type { ChildReply, ChildRequest } from './child-protocol.js';

const MS_BETWEEN_REPLIES = 500;

const stop = new AbortController();
const tell = (reply: ChildReply) => void process.send?.(reply);
/** Until there is a run. */
let preparing = true;

function halt(): void {
  stop.abort();
  if (!preparing) return;
  // Nothing was begun, so there is nothing to finish.
  if (process.connected) process.send!({ ended: 'stopped' } satisfies ChildReply, () => process.exit());
  else process.exit();
}

// Ctrl-C reaches the whole group of a terminal's processes; the parent says when to stop.
for (const signal of INTERRUPTS) process.on(signal, () => undefined);
// A parent that is gone wants nothing any more: keep what there is.
process.on('disconnect', halt);
process.on('message', (request: ChildRequest) => {
  if (request.do === 'stop') halt();
  else void train(request);
});

async function train({ config, directory, name, resume }: Extract<ChildRequest, { do: 'train' }>) {
  let run: RunDirectory | undefined;
  try {
    const outcome = await runTraining({
      config,
      resume,
      progress: progress(),
      signal: stop.signal,
      openRun: async () => {
        preparing = false;
        run = resume
          ? await RunDirectory.open(`${directory}/${name}`)
          : await RunDirectory.create(directory, name);
        await run.writeConfig(config);
        return run;
      },
    });
    await run?.close();
    tell({ ended: outcome.summary ? 'finished' : 'stopped' });
  } catch (error) {
    await run?.close();
    if (!resume) await run?.deleteIfUnused();
    if (error instanceof NotFiniteError) tell({ diverged: error.message });
    else if (error instanceof UserError) tell({ mistake: error.message, hint: error.hint });
    else throw error;
  } finally {
    preparing = false;
    process.disconnect?.();
  }
}

function progress(): ProgressReporter {
  let told = Number.NEGATIVE_INFINITY;
  return {
    step({ step, loss }) {
      const now = performance.now();
      if (now - told < MS_BETWEEN_REPLIES) return;
      told = now;
      tell({ step, loss });
    },
    phase: (phase) => tell({ phase }),
    note: (note) => tell({ note }),
    done: () => undefined,
  };
}
