import type { BrowserCheckpoint, MetricsRecord } from 'unitsphere/browser';
import { describeWorkerFailure } from '../describe-worker-failure.js';
import type { FromTraining, ToTraining } from './messages.js';
import type { TrainingRequest, TrainingStore } from './training-request.js';

/** A training in its own worker. The page keeps its checkpoint, which therefore survives the loss of the graphics card. */
export class Training {
  /** Last checkpoint, to resume from or to download. */
  checkpoint: BrowserCheckpoint | undefined;
  /** The complete config. */
  yaml = '';
  readonly #metrics: MetricsRecord[];
  readonly #worker = new Worker(new URL('./training-worker.ts', import.meta.url), { type: 'module' });

  /**
   * Starts the training.
   * @param listener Receives all messages of the worker. The last one is `stopped`, `finished` or `failed`.
   * @param from Checkpoint to resume from.
   * @param store Where the worker stores checkpoints; undefined if the browser stores nothing.
   */
  constructor(
    readonly request: TrainingRequest,
    listener: (message: FromTraining) => void,
    from?: BrowserCheckpoint,
    readonly store?: TrainingStore,
  ) {
    this.checkpoint = from;
    this.#metrics = from ? from.metrics.filter(({ step }) => step <= from.step) : [];
    this.#worker.onmessage = ({ data }: MessageEvent<FromTraining>) => {
      if (data.type === 'config') this.yaml = data.yaml;
      if (data.type === 'metrics') this.#metrics.push(data.record);
      if (data.type === 'checkpoint') {
        const { step, files, saved, isBest } = data;
        const best = isBest ? files : this.checkpoint?.best;
        this.checkpoint = { step, files, saved, metrics: this.#metrics, best };
      }
      if (['stopped', 'finished', 'failed'].includes(data.type)) this.#worker.terminate();
      listener(data);
    };
    this.#worker.onerror = (event) => {
      this.#worker.terminate();
      listener({ type: 'failed', failure: describeWorkerFailure(event) });
    };
    this.#send({ type: 'start', ...request, from, store });
  }

  /** Stops after the current step, with a checkpoint. */
  stop(): void {
    this.#send({ type: 'stop' });
  }

  #send(message: ToTraining): void {
    this.#worker.postMessage(message);
  }
}
