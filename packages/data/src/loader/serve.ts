import { Augmentation } from '../augment/augmentation.js';
import type { CanvasFactory } from '../drawing/canvas.js';
import { FolderSource } from '../folder/folder-source.js';
import { openSource } from '../open-source.js';
import { makeSamples, type SampleMaker } from './make-samples.js';
import type { WorkerJob, WorkerReply, WorkerStart } from './worker-messages.js';

/** Answers jobs in turn; the same for Node's and a browser's workers, which differ only in how messages travel. */
export function serve(
  start: WorkerStart,
  post: (reply: WorkerReply, transfer: ArrayBuffer[]) => void,
  surroundings: { readonly canvases?: CanvasFactory } = {},
) {
  const ready = openMaker(start, surroundings);
  let last: Promise<unknown> = ready;
  const fail = (error: unknown) => {
    const { message, stack } = error instanceof Error ? error : { message: String(error), stack: undefined };
    post({ error: message, stack }, []);
  };
  ready.catch(fail);
  return (job: WorkerJob) => {
    last = last.then(async () => {
      try {
        const images = await makeSamples(await ready, job.plan);
        post({ step: job.step, images }, [images.buffer]);
      } catch (error) {
        fail(error);
      }
    });
    // The opening's failure is reported once, above.
    last.catch(() => {});
  };
}

async function openMaker(
  { source, size, seed, augment, clean }: WorkerStart,
  surroundings: { readonly canvases?: CanvasFactory },
): Promise<SampleMaker> {
  return {
    source:
      'folder' in source
        ? FolderSource.fromShared(source.folder)
        : await openSource(source.spec, surroundings),
    size,
    seed,
    augmentation: augment === false ? undefined : new Augmentation(augment),
    clean,
  };
}
