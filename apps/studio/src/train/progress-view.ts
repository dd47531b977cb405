import type { Config, MetricsRecord, Rates, StepReport } from 'unitsphere/browser';
import { formatCount, formatDuration, formatNumber, formatPercent } from 'unitsphere/report';
import { getElement } from '../dom/get-element.js';
import { h } from '../dom/h.js';
import { TEXTS } from '../texts.js';
import { LossPlot } from './loss-plot.js';
import type { StartedBackend } from './messages.js';

/** Shares of a step's time that are too small to be shown. */
const LEAST_SHARE = 0.01;

/** The figures of a validation in the metrics. */
interface ValidationPoint {
  tprAtFpr: Record<string, number | null>;
  auroc: number;
  rank1: number;
}

/** The progress of a training: the bar, the figures, the loss and the validations. */
export class ProgressView {
  #plot: LossPlot | undefined;
  #totalSteps = 0;
  /** Whether there is a step to show. */
  #hasSteps = false;

  /** Clears the view for a new training. Keeps its contents for a resumed one. */
  begin(isResumed: boolean): void {
    getElement('progress').hidden = false;
    getElement('left').textContent = '';
    if (isResumed) return;
    this.#hasSteps = false;
    this.#plot = undefined;
    getElement('loss-plot').replaceChildren();
    getElement('log').replaceChildren();
    getElement('validations').replaceChildren();
    getElement('validation-table').hidden = true;
    getElement('validation-none').hidden = false;
    getElement<HTMLProgressElement>('bar').value = 0;
    for (const id of ['step', 'loss', 'speed', 'waits', 'used']) getElement(id).textContent = '–';
  }

  config({ training, data }: Config): void {
    this.#totalSteps = training.steps;
    this.#plot ??= new LossPlot(getElement('loss-plot'), training.steps);
    getElement('validation').hidden = data.split.validation === 0 || training.validateEvery === null;
  }

  backend({ name, detail }: StartedBackend): void {
    getElement('used').replaceChildren(name, h('small', {}, detail));
  }

  phase(text: string | null): void {
    getElement('phase').textContent = text
      ? `${text.charAt(0).toUpperCase()}${text.slice(1)} …`
      : TEXTS.train.training;
  }

  /** Shows the losses of an earlier visit. */
  replay(step: number, losses: readonly (readonly [step: number, loss: number])[]): void {
    this.#hasSteps = true;
    for (const [at, loss] of losses) this.#plot?.add(at, loss);
    this.#plot?.draw();
    getElement<HTMLProgressElement>('bar').value = step / this.#totalSteps;
    getElement('step').textContent = TEXTS.train.of(step, this.#totalSteps);
    const last = losses.at(-1)?.[1];
    if (last !== undefined) getElement('loss').textContent = last.toFixed(3);
  }

  /** @param secondsPerStep Measured time of a step; undefined until enough are measured. */
  step({ step, loss }: StepReport, { imagesPerSecond, shares }: Rates, secondsPerStep?: number): void {
    this.#hasSteps = true;
    this.#plot?.add(step, loss);
    const done = step / this.#totalSteps;
    getElement<HTMLProgressElement>('bar').value = done;
    getElement('step').textContent = TEXTS.train.of(step, this.#totalSteps);
    getElement('loss').textContent = loss.toFixed(3);
    getElement('speed').textContent = formatNumber(imagesPerSecond);
    getElement('waits').replaceChildren(
      ...shares
        .filter(([, share]) => share >= LEAST_SHARE)
        .sort(([, a], [, b]) => b - a)
        .map(([name, share]) =>
          h(
            'span',
            { class: 'share' },
            h('b', {}, formatPercent(share, 0)),
            ` ${TEXTS.train.causes[name] ?? name}`,
          ),
        ),
    );
    const left = this.#totalSteps - step;
    getElement('left').textContent =
      left === 0
        ? ''
        : secondsPerStep === undefined
          ? TEXTS.train.measuring
          : TEXTS.train.left(formatDuration(left * secondsPerStep));
    document.title = `${Math.floor(100 * done)} % · ${TEXTS.page.title}`;
  }

  metrics(record: MetricsRecord): void {
    const point = record['validation'] as ValidationPoint | undefined;
    if (!point) return;
    getElement('validation-table').hidden = false;
    getElement('validation-none').hidden = true;
    const tpr = Object.entries(point.tprAtFpr).find(([fpr]) => Number(fpr) === 0.01)?.[1];
    const cells = [
      tpr === null || tpr === undefined ? '–' : formatPercent(tpr, 1),
      point.auroc.toFixed(4),
      formatPercent(point.rank1, 1),
    ];
    const row = h(
      'tr',
      {},
      h('th', { scope: 'row' }, formatCount(record.step)),
      ...cells.map((cell) => h('td', {}, cell)),
    );
    getElement('validations').prepend(row);
  }

  note(line: string): void {
    getElement('log').append(h('li', {}, line));
  }

  /** Shows how the training ended. Hides the plots and figures if it has no step. */
  end(text: string): void {
    getElement('progress').hidden = !this.#hasSteps;
    this.#plot?.draw();
    getElement('phase').textContent = text;
    getElement('left').textContent = '';
    document.title = `${text} · ${TEXTS.page.title}`;
  }
}
