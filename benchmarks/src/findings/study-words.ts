import { type Comparison, formatCount, type StudyResults, type StudyRunFigures } from 'unitsphere/report';

/** On what a comparison was measured: the images, the classes and steps of training, and who was held out. */
export function imagesWords(results: StudyResults, { data, budget }: Comparison): string {
  const images = results.data.find(({ name }) => name === data)!;
  const figures = results.runs.flatMap((run) =>
    run.data === data && run.budget === budget && run.figures ? [run.figures] : [],
  );
  const source =
    images.source === 'folder'
      ? `the images in ${images.folder}`
      : `${formatCount(images.identities!)} generated ${images.source}`;
  const network = results.backbone ? `, ${results.backbone}` : '';
  const from = `On ${source} at ${images.imageSize} px${network}`;
  if (figures.length === 0) return `${from}; no run has figures.`;
  const span = (of: (one: StudyRunFigures) => number | undefined) => spanOf(figures.map((one) => of(one)));
  return (
    `${from}: ${span(({ classes }) => classes)} classes, ${span(({ steps }) => steps)} steps of ${results.batchSize} images ` +
    `(${span(({ imagesSeen }) => imagesSeen)} seen); held out: ${span(({ heldOut }) => heldOut.identities)} identities, ` +
    `${span(({ heldOut }) => heldOut.images)} images, ${span(({ heldOut }) => heldOut.pairs.positive)} same and ` +
    `${span(({ heldOut }) => heldOut.pairs.negative)} different pairs.`
  );
}

/** The least and the most, or the one that all are. */
function spanOf(values: (number | undefined)[]): string {
  const known = values.filter((value) => value !== undefined);
  if (known.length === 0) return 'unknown';
  const ends = [Math.min(...known), Math.max(...known)].map((value) => formatCount(value));
  return [...new Set(ends)].join('–');
}

/** How many trainings there are of how many, and what became of the others: none is left out silently. */
export function runWords({ runs, seeds }: StudyResults, { data, budget }: Comparison): string {
  const own = runs.filter((run) => run.data === data && run.budget === budget);
  const count = (why: string) => own.filter(({ missing }) => missing?.why === why).length;
  const finished = own.filter(({ figures }) => figures).length;
  const [diverged, unfinished] = [count('diverged'), count('unfinished')];
  return `${formatCount(finished)} of ${formatCount(own.length)} trainings, ${seeds} seeds an arm; ${diverged === 0 ? 'none' : diverged} diverged${
    unfinished > 0 ? `, ${unfinished} not finished` : ''
  }.`;
}

/** How settings were found; empty where none were searched. */
export function searchWords({ search }: StudyResults): string {
  if (!search) return '';
  const keys = Object.keys(search.grid).join(', ');
  return `Each arm with each seed first searched ${keys} on validation identities, ${formatCount(search.steps)} steps a candidate within its budget.`;
}

/** Where and when. */
export function machineWords({ machine, jobs, createdAt, weights }: StudyResults): string {
  const { cpu, cores, memory, system, node } = machine;
  const files = Object.entries(weights ?? {}).map(([model, file]) => ` Weights of ${model} from ${file}.`);
  return `${cpu}, ${cores} cores, ${memory}, ${system}, Node ${node}, ${jobs} ${jobs === 1 ? 'run' : 'runs'} at once, ${createdAt.slice(0, 10)}.${files.join('')}`;
}
