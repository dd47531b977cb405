import { createLogUpdate } from 'log-update';
import pico from 'picocolors';
import { type ProgressView, plainLine, terminalLine } from './progress-line.js';
import type { ProgressReporter, StepReport } from './progress-reporter.js';
import { StepRates } from './step-rates.js';

/** Options of {@link Progress}. */
export interface ProgressOptions {
  totalSteps: number;
  /** Where it is written. Default: standard error, so that results alone are on standard output. */
  stream?: NodeJS.WriteStream;
  /** Whether the line is drawn over itself. Default: whether the stream is a terminal that can. */
  live?: boolean;
  /** Seconds between lines where it is not. */
  every?: number;
}

/** How a training goes, in one line: drawn over itself in a terminal, a line every few seconds in a pipe. */
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
    this.#stream.write(`${line}\n`);
    if (this.#live) this.#write();
  }

  phase(words: string | null): void {
    if (words === this.#words) return;
    this.#words = words;
    if (this.#live) this.#write();
    else if (words !== null) this.#stream.write(`${words} …\n`);
  }

  done(): void {
    if (this.#live) {
      this.#write();
      this.#draw!.done();
    } else {
      this.#write();
    }
  }

  #write(): void {
    const view = this.#view();
    this.#lastWritten = secondsNow();
    if (!this.#live) {
      const line = view && plainLine(view);
      if (line && line !== this.#lastPlain) this.#stream.write(`${line}\n`);
      this.#lastPlain = line ?? '';
      return;
    }
    const columns = this.#stream.columns || 80;
    const steps = view ? terminalLine(view, columns, this.#colors) : '';
    const doing = this.#words === null ? '' : this.#colors.dim(`     ${this.#words} …`.slice(0, columns - 1));
    this.#draw!([steps, doing].filter(Boolean).join('\n'));
  }

  #view(): ProgressView | null {
    const rates = this.#rates.get();
    return rates && this.#last && { report: this.#last, rates, totalSteps: this.#options.totalSteps };
  }
}

const secondsNow = () => performance.now() / 1000;
