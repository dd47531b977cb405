import { Augmentation } from '../augment/augmentation.js';
import type { CanvasFactory } from '../drawing/canvas.js';
import { DecodedSource } from '../encoded/decoded-source.js';
import { openSource } from '../open-source.js';
import { makeSamples, type SampleMaker } from './make-samples.js';
import type { WorkerJob, WorkerReply, WorkerStart } from './worker-messages.js';

/**
 * Opens the worker's source and returns a handler that answers jobs in order. Shared by Node's and a browser's workers.
 * @param post Sends a reply, transferring the given buffers.
 */
export function serve(
  start: WorkerStart,
  post: (reply: WorkerReply, transfer: ArrayBuffer[]) => void,
  options: { readonly canvases?: CanvasFactory } = {},
) {
  const ready = openMaker(start, options);
  let last: Promise<unknown> = ready;
  const fail = (error: unknown) => {
    const { message, stack } = error instanceof Error ? error : { message: String(error), stack: undefined };
    post({ error: message, stack }, []);
  };
  ready.catch(fail);
  return (job: WorkerJob) => {
    last = last.then(async () => {
      try {
        const made = await makeSamples(await ready, job.plan);
        post({ step: job.step, ...made }, [made.images.buffer]);
      } catch (error) {
        fail(error);
      }
    });
    // A failure to open the source is already reported above.
    last.catch(() => {});
  };
}

async function openMaker(
  { source, size, seed, augment, clean }: WorkerStart,
  options: { readonly canvases?: CanvasFactory },
): Promise<SampleMaker> {
  return {
    source:
      'images' in source ? DecodedSource.fromShared(source.images) : await openSource(source.spec, options),
    size,
    seed,
    augmentation: augment === false ? undefined : new Augmentation(augment),
    clean,
  };
}
