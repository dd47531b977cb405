import { createLogUpdate } from 'log-update';
import { formatSeconds } from '../format-seconds.js';
import type { ChildReply } from './child-protocol.js';
import type { StudyListener } from './run-study.js';

const LIVE_MS = 200;
const PLAIN_MS = 30_000;

/** The progress of a run in this process. */
interface ActiveRun {
  steps: number;
  /** The first step that was reported since the run was started or resumed. */
  from: number | undefined;
  step: number;
  loss: number;
  phase: string | null;
}

/** Prints the progress of a study. A terminal shows a live line for the study and for each active run; a pipe gets a line every 30 s. */
export class StudyProgress implements StudyListener {
  readonly #draw: ReturnType<typeof createLogUpdate> | null;
  readonly #active = new Map<string, ActiveRun>();
  readonly #timer: NodeJS.Timeout;
  readonly #started = performance.now();
  #finished = 0;
  #finishedHere = 0;

  readonly #total: number;
  readonly #stream: NodeJS.WriteStream;

  /** @param total Number of the study's runs, including those of searches. */
  constructor(total: number, stream: NodeJS.WriteStream = process.stderr) {
    this.#total = total;
    this.#stream = stream;

    const live = stream.isTTY === true && process.env.TERM !== 'dumb';
    this.#draw = live ? createLogUpdate(stream) : null;
    this.#timer = setInterval(() => this.#write(), live ? LIVE_MS : PLAIN_MS);
    this.#timer.unref();
  }

  started(run: string, steps: number): void {
    this.#active.set(run, { steps, from: undefined, step: 0, loss: Number.NaN, phase: 'starting' });
    if (!this.#draw) this.note(`${run}: started, ${steps} steps`);
  }

  reply(run: string, reply: ChildReply): void {
    const state = this.#active.get(run);
    if (!state) return;
    if ('step' in reply) {
      state.from ??= reply.step;
      Object.assign(state, reply, { phase: null });
    } else if ('phase' in reply) state.phase = reply.phase;
  }

  waiting(run: string, holder: string): void {
    this.note(`${run}: waits for ${holder}, which still trains it`);
  }

  done(run: string, outcome: 'finished' | 'diverged' | 'found' | 'failed'): void {
    this.#active.delete(run);
    this.#finished++;
    if (outcome === 'found') return;
    this.#finishedHere++;
    this.note(`${run}: ${outcome}, ${this.#finished} of ${this.#total} runs`);
  }

  /** Prints a line above the live lines. */
  note(line: string): void {
    this.#draw?.clear();
    this.#stream.write(`${line}\n`);
    if (this.#draw) this.#write();
  }

  /** Removes the live lines. */
  close(): void {
    clearInterval(this.#timer);
    this.#draw?.clear();
    this.#draw?.done();
  }

  #write(): void {
    if (this.#draw) this.#draw([this.#overall(), ...this.#lines()].join('\n'));
    else if (this.#active.size > 0 && performance.now() - this.#started > PLAIN_MS) {
      this.#stream.write(`${[this.#overall(), ...this.#lines()].join('; ')}\n`);
    }
  }

  #overall(): string {
    const share = [...this.#active.values()].reduce((sum, { step, steps }) => sum + step / steps, 0);
    const doneHere =
      this.#finishedHere + [...this.#active.values()].reduce((sum, one) => sum + fractionDone(one), 0);
    const left = this.#total - this.#finished - share;
    const seconds = (performance.now() - this.#started) / 1000;
    const remaining = doneHere > 0.05 ? `, about ${formatSeconds((seconds / doneHere) * left)} left` : '';
    return `${this.#finished} of ${this.#total} runs${remaining}`;
  }

  #lines(): string[] {
    return [...this.#active].map(([run, { step, steps, loss, phase }]) => {
      const now = phase ?? (Number.isNaN(loss) ? '' : `loss ${loss.toFixed(2)}`);
      return `  ${run}  step ${step}/${steps}  ${now}`;
    });
  }
}

/** Returns the fraction of a run that was trained since it was started or resumed. */
const fractionDone = ({ from, step, steps }: ActiveRun) => (step - (from ?? step)) / steps;
