import { drawPlot, formatCount, formatNumber, type Line, meanPoints } from 'unitsphere/report';

type Point = [number, number | null];

// Often enough to follow the training, and rarely enough not to slow it down.
const REDRAW_MS = 500;

/** Plot of the loss by step, redrawn while the training runs. */
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
    // A resumed training repeats the steps since its checkpoint.
    while ((this.#points.at(-1)?.[0] ?? -1) >= step) this.#points.pop();
    this.#points.push([step, Number.isFinite(loss) ? loss : null]);
    this.#timer ??= setTimeout(() => this.draw(), REDRAW_MS);
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
      description: last ? `Loss by training step. The last loss is ${formatNumber(last)}.` : 'No loss yet.',
      lines,
      x: { name: 'training step', min: 0, max: this.#totalSteps, format: formatCount },
      y: this.#points.length ? { format: formatNumber } : { min: 0, max: 1, format: () => '' },
    }).text;
  }
}
