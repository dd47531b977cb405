import type { Config, Rates, StepReport } from 'unitsphere/browser';
import { formatCount, formatDuration, formatNumber, formatPercent } from 'unitsphere/report';
import { getElement } from '../get-element.js';
import type { StartedBackend } from '../messages.js';
import { LossPlot } from './loss-plot.js';

/** The progress of a training: the bar, the figures and the loss. */
export class ProgressView {
  #plot: LossPlot | undefined;
  #totalSteps = 0;

  /** Clears the view for a new training. Keeps its contents for a resumed one. */
  begin(isResumed: boolean): void {
    getElement('progress').hidden = false;
    getElement('left').textContent = '';
    if (isResumed) return;
    this.#plot = undefined;
    getElement('loss-plot').replaceChildren();
    getElement('log').replaceChildren();
    getElement<HTMLProgressElement>('bar').value = 0;
    for (const id of ['step', 'loss', 'speed', 'waiting', 'used']) getElement(id).textContent = '–';
  }

  config({ training }: Config): void {
    this.#totalSteps = training.steps;
    this.#plot ??= new LossPlot(getElement('loss-plot'), training.steps);
  }

  backend({ name, detail }: StartedBackend): void {
    const small = document.createElement('small');
    small.textContent = detail;
    getElement('used').replaceChildren(name, small);
  }

  phase(text: string | null): void {
    getElement('phase').textContent = text ? `${text.charAt(0).toUpperCase()}${text.slice(1)} …` : 'Training';
  }

  step({ step, loss }: StepReport, { imagesPerSecond, secondsPerStep, shares }: Rates): void {
    this.#plot?.add(step, loss);
    const done = step / this.#totalSteps;
    getElement<HTMLProgressElement>('bar').value = done;
    getElement('step').textContent = `${formatCount(step)} of ${formatCount(this.#totalSteps)}`;
    getElement('loss').textContent = loss.toFixed(3);
    getElement('speed').textContent = formatNumber(imagesPerSecond);
    getElement('waiting').textContent = formatPercent(shares.find(([name]) => name === 'data')?.[1] ?? 0, 0);
    const left = (this.#totalSteps - step) * secondsPerStep;
    getElement('left').textContent = step < this.#totalSteps ? `about ${formatDuration(left)} left` : '';
    document.title = `${Math.floor(100 * done)} % · unitsphere studio`;
  }

  note(line: string): void {
    const item = document.createElement('li');
    item.textContent = line;
    getElement('log').append(item);
  }

  /** Shows how the training ended. */
  end(text: string): void {
    this.#plot?.draw();
    getElement('phase').textContent = text;
    getElement('left').textContent = '';
    document.title = `${text} · unitsphere studio`;
  }
}
