import type { BrowserCheckpoint, MetricsRecord } from 'unitsphere/browser';
import type { FromTraining, ToTraining } from './messages.js';

/** What to train. */
export interface Order {
  yaml: string;
  /** As the command line's `--set`: `training.steps=100`. */
  settings: string[];
}

/** One training in a worker of its own, and what is kept of it here: a lost graphics card takes only the worker with it. */
export class Training {
  /** What it can go on from, or be taken home from. */
  checkpoint: BrowserCheckpoint | undefined;
  /** The config as it was resolved. */
  yaml = '';
  readonly #metrics: MetricsRecord[];
  readonly #worker = new Worker(new URL('./training-worker.ts', import.meta.url), { type: 'module' });

  /**
   * Starts it.
   * @param listener Told everything; the last is `stopped`, `finished` or `failed`.
   */
  constructor(
    readonly order: Order,
    listener: (message: FromTraining) => void,
    from?: BrowserCheckpoint,
  ) {
    this.checkpoint = from;
    this.#metrics = from ? from.metrics.filter(({ step }) => step <= from.step) : [];
    this.#worker.onmessage = ({ data }: MessageEvent<FromTraining>) => {
      if (data.type === 'config') this.yaml = data.yaml;
      if (data.type === 'metrics') this.#metrics.push(data.record);
      if (data.type === 'checkpoint') {
        const { step, files, saved } = data;
        this.checkpoint = { step, files, saved, metrics: this.#metrics };
      }
      if (['stopped', 'finished', 'failed'].includes(data.type)) this.#worker.terminate();
      listener(data);
    };
    this.#worker.onerror = ({ message }) => {
      this.#worker.terminate();
      listener({
        type: 'failed',
        failure: {
          title: "The page's worker failed",
          message: message || 'Its script could not be loaded.',
          hint: 'Load the page again; this needs a browser of 2023 or newer.',
          fault: true,
        },
      });
    };
    this.#tell({ type: 'start', ...order, from });
  }

  /** Ends it after the step under way, with a checkpoint. */
  stop(): void {
    this.#tell({ type: 'stop' });
  }

  #tell(message: ToTraining): void {
    this.#worker.postMessage(message);
  }
}
