import type { Config, Rates, StepReport } from 'unitsphere/browser';
import { formatCount, formatDuration, formatNumber, formatPercent } from 'unitsphere/report';
import { element } from '../element.js';
import type { StartedBackend } from '../messages.js';
import { LossPlot } from './loss-plot.js';

/** How a training goes: the bar, the figures and the loss. */
export class ProgressView {
  #plot: LossPlot | undefined;
  #totalSteps = 0;

  /** Shows nothing yet of a training that begins, or what is there of one that goes on. */
  begin(goesOn: boolean): void {
    element('progress').hidden = false;
    element('left').textContent = '';
    if (goesOn) return;
    this.#plot = undefined;
    element('loss-plot').replaceChildren();
    element('log').replaceChildren();
    element<HTMLProgressElement>('bar').value = 0;
    for (const id of ['step', 'loss', 'speed', 'waiting', 'used']) element(id).textContent = '–';
  }

  config({ training }: Config): void {
    this.#totalSteps = training.steps;
    this.#plot ??= new LossPlot(element('loss-plot'), training.steps);
  }

  backend({ name, detail }: StartedBackend): void {
    const small = document.createElement('small');
    small.textContent = detail;
    element('used').replaceChildren(name, small);
  }

  phase(words: string | null): void {
    element('phase').textContent = words ? `${words.charAt(0).toUpperCase()}${words.slice(1)} …` : 'Training';
  }

  step({ step, loss }: StepReport, { imagesPerSecond, secondsPerStep, shares }: Rates): void {
    this.#plot?.add(step, loss);
    const done = step / this.#totalSteps;
    element<HTMLProgressElement>('bar').value = done;
    element('step').textContent = `${formatCount(step)} of ${formatCount(this.#totalSteps)}`;
    element('loss').textContent = loss.toFixed(3);
    element('speed').textContent = formatNumber(imagesPerSecond);
    element('waiting').textContent = formatPercent(shares.find(([name]) => name === 'data')?.[1] ?? 0, 0);
    const left = (this.#totalSteps - step) * secondsPerStep;
    element('left').textContent = step < this.#totalSteps ? `about ${formatDuration(left)} left` : '';
    document.title = `${Math.floor(100 * done)} % · unitsphere studio`;
  }

  note(line: string): void {
    const item = document.createElement('li');
    item.textContent = line;
    element('log').append(item);
  }

  /** Says how it ended. */
  end(words: string): void {
    this.#plot?.draw();
    element('phase').textContent = words;
    element('left').textContent = '';
    document.title = `${words} · unitsphere studio`;
  }
}
