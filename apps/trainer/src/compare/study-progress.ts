import { createLogUpdate } from 'log-update';
import { formatSeconds } from '../format.js';
import type { ChildReply } from './child-protocol.js';
import type { StudyListener } from './run-study.js';

const LIVE_MS = 200;
const PLAIN_MS = 30_000;

interface UnderWay {
  steps: number;
  /** Where it stood when it was taken up, and stands. */
  from: number | undefined;
  step: number;
  loss: number;
  phase: string | null;
}

/** How a study goes: a line for all of it and one for each run under way in a terminal, a line now and then in a pipe. */
export class StudyProgress implements StudyListener {
  readonly #draw: ReturnType<typeof createLogUpdate> | null;
  readonly #underWay = new Map<string, UnderWay>();
  readonly #timer: NodeJS.Timeout;
  readonly #begun = performance.now();
  #finished = 0;
  #made = 0;

  readonly #total: number;
  readonly #stream: NodeJS.WriteStream;

  /** @param total Runs of the study, those of searches among them. */
  constructor(total: number, stream: NodeJS.WriteStream = process.stderr) {
    this.#total = total;
    this.#stream = stream;

    const live = stream.isTTY === true && process.env.TERM !== 'dumb';
    this.#draw = live ? createLogUpdate(stream) : null;
    this.#timer = setInterval(() => this.#write(), live ? LIVE_MS : PLAIN_MS);
    this.#timer.unref();
  }

  started(run: string, steps: number): void {
    this.#underWay.set(run, { steps, from: undefined, step: 0, loss: Number.NaN, phase: 'starting' });
    if (!this.#draw) this.note(`${run}: begins, ${steps} steps`);
  }

  reply(run: string, reply: ChildReply): void {
    const state = this.#underWay.get(run);
    if (!state) return;
    if ('step' in reply) {
      state.from ??= reply.step;
      Object.assign(state, reply, { phase: null });
    } else if ('phase' in reply) state.phase = reply.phase;
  }

  done(run: string, how: 'finished' | 'diverged' | 'found'): void {
    this.#underWay.delete(run);
    this.#finished++;
    if (how === 'found') return;
    this.#made++;
    this.note(`${run}: ${how}, ${this.#finished} of ${this.#total} runs`);
  }

  /** A line that stays. */
  note(line: string): void {
    this.#draw?.clear();
    this.#stream.write(`${line}\n`);
    if (this.#draw) this.#write();
  }

  /** Ends the lines that are drawn over themselves. */
  close(): void {
    clearInterval(this.#timer);
    this.#draw?.clear();
    this.#draw?.done();
  }

  #write(): void {
    if (this.#draw) this.#draw([this.#overall(), ...this.#lines()].join('\n'));
    else if (this.#underWay.size > 0 && performance.now() - this.#begun > PLAIN_MS) {
      this.#stream.write(`${[this.#overall(), ...this.#lines()].join('; ')}\n`);
    }
  }

  #overall(): string {
    const share = [...this.#underWay.values()].reduce((sum, { step, steps }) => sum + step / steps, 0);
    const doneHere = this.#made + [...this.#underWay.values()].reduce((sum, one) => sum + progressed(one), 0);
    const left = this.#total - this.#finished - share;
    const seconds = (performance.now() - this.#begun) / 1000;
    const wait = doneHere > 0.05 ? `, about ${formatSeconds((seconds / doneHere) * left)} left` : '';
    return `${this.#finished} of ${this.#total} runs${wait}`;
  }

  #lines(): string[] {
    return [...this.#underWay].map(([run, { step, steps, loss, phase }]) => {
      const now = phase ?? (Number.isNaN(loss) ? '' : `loss ${loss.toFixed(2)}`);
      return `  ${run}  step ${step}/${steps}  ${now}`;
    });
  }
}

/** The part of a run that was made since it was taken up. */
const progressed = ({ from, step, steps }: UnderWay) => (step - (from ?? step)) / steps;
