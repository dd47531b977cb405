import { drawPlot, formatCount, formatNumber, type Line, meanPoints } from 'unitsphere/report';

type Point = [number, number | null];

// Redrawn often enough to be watched, and not so often that it takes the processor from the training.
const EVERY_MS = 500;

/** The loss by step, drawn anew while it comes in. */
export class LossPlot {
  #points: Point[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;

  readonly #place: HTMLElement;
  readonly #totalSteps: number;

  constructor(place: HTMLElement, totalSteps: number) {
    this.#place = place;
    this.#totalSteps = totalSteps;

    this.draw();
  }

  add(step: number, loss: number): void {
    // Steps since the checkpoint that a training goes on from come again.
    while (this.#points.length && this.#points.at(-1)![0] >= step) this.#points.pop();
    this.#points.push([step, Number.isFinite(loss) ? loss : null]);
    this.#timer ??= setTimeout(() => this.draw(), EVERY_MS);
  }

  draw(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const raw = meanPoints(this.#points, 600);
    const mean = meanPoints(this.#points, 60);
    const averaged = raw.length > mean.length;
    const lines: Line[] = [
      { points: averaged ? mean : raw, color: '--trained', width: 2.5, dots: raw.length === 1 },
    ];
    if (averaged) lines.unshift({ points: raw, color: '--trained', width: 1, opacity: 0.35 });
    const last = this.#points.at(-1)?.[1];
    this.#place.innerHTML = drawPlot({
      id: 'loss',
      description: last
        ? `The loss by training step; at the last it is ${formatNumber(last)}.`
        : 'No loss yet.',
      lines,
      x: { name: 'training step', min: 0, max: this.#totalSteps, format: formatCount },
      y: this.#points.length ? { format: formatNumber } : { min: 0, max: 1, format: () => '' },
    }).text;
  }
}
