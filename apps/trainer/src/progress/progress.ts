import { createLogUpdate } from 'log-update';
import pico from 'picocolors';
import { printable } from '../printable.js';
import { type ProgressView, plainLine, terminalLine } from './progress-line.js';
import type { ProgressReporter, StepReport } from './progress-reporter.js';
import { StepRates } from './step-rates.js';

/** Options of {@link Progress}. */
export interface ProgressOptions {
  totalSteps: number;
  /** The output stream. Default: standard error, so that standard output has only results. */
  stream?: NodeJS.WriteStream;
  /** Whether the line is redrawn in place. Default: whether the stream is a terminal that supports it. */
  live?: boolean;
  /** Seconds between lines if `live` is false. Default: 10. */
  every?: number;
}

/** Shows a training's progress in one line: redrawn in place in a terminal, printed every few seconds otherwise. */
export class Progress implements ProgressReporter {
  readonly #stream: NodeJS.WriteStream;
  readonly #live: boolean;
  readonly #draw: ReturnType<typeof createLogUpdate> | null;
  readonly #colors: ReturnType<typeof pico.createColors>;
  readonly #rates = new StepRates();
  #last: StepReport | null = null;
  #lastWritten = Number.NEGATIVE_INFINITY;
  #lastPlain = '';
  #words: string | null = null;

  readonly #options: ProgressOptions;

  constructor(options: ProgressOptions) {
    this.#options = options;

    this.#stream = options.stream ?? process.stderr;
    this.#live = options.live ?? (this.#stream.isTTY === true && process.env.TERM !== 'dumb');
    this.#draw = this.#live ? createLogUpdate(this.#stream) : null;
    this.#colors = pico.createColors(this.#live && !process.env.NO_COLOR);
  }

  step(report: StepReport): void {
    this.#rates.add(report);
    this.#last = report;
    const wait = this.#live ? 0.1 : (this.#options.every ?? 10);
    if (secondsNow() - this.#lastWritten >= wait || report.step === this.#options.totalSteps) this.#write();
  }

  note(line: string): void {
    this.#draw?.clear();
    this.#stream.write(`${printable(line)}\n`);
    if (this.#live) this.#write();
  }

  phase(words: string | null): void {
    if (words === this.#words) return;
    this.#words = words;
    if (this.#live) this.#write();
    else if (words !== null) this.#stream.write(`${words} …\n`);
  }

  done(): void {
    this.#write();
    this.#draw?.done();
  }

  #write(): void {
    const view = this.#view();
    this.#lastWritten = secondsNow();
    if (!this.#draw) {
      const line = view && plainLine(view);
      if (line && line !== this.#lastPlain) this.#stream.write(`${line}\n`);
      this.#lastPlain = line ?? '';
      return;
    }
    const columns = this.#stream.columns || 80;
    const steps = view ? terminalLine(view, columns, this.#colors) : '';
    const doing = this.#words === null ? '' : this.#colors.dim(`     ${this.#words} …`.slice(0, columns - 1));
    this.#draw([steps, doing].filter(Boolean).join('\n'));
  }

  #view(): ProgressView | null {
    const rates = this.#rates.get();
    return rates && this.#last && { report: this.#last, rates, totalSteps: this.#options.totalSteps };
  }
}

const secondsNow = () => performance.now() / 1000;
