import {
  type Comparison,
  formatCount,
  type StudyImages,
  type StudyResults,
  type StudyRunFigures,
} from 'unitsphere/report';

/** Describes what a comparison was measured on, as the lines of a Markdown list. */
export function describeComparison(results: StudyResults, comparison: Comparison): string[] {
  return [
    describeTraining(results, comparison),
    describeHeldOut(results, comparison),
    describeRuns(results, comparison),
    describeSearch(results),
    describeStudyMachine(results),
  ].flatMap((line) => line ?? []);
}

function describeTraining(results: StudyResults, comparison: Comparison): string {
  const figures = findFigures(results, comparison);
  const images = results.data.find(({ name }) => name === comparison.data);
  const source = images ? `${describeImages(images)} at ${images.imageSize} px` : 'unknown images';
  const network = results.backbone ? `, \`${results.backbone}\`` : '';
  if (figures.length === 0) return `- Training: ${source}${network}. No run has figures.`;
  const classes = formatRange(figures.map((one) => one.classes));
  const steps = formatRange(figures.map((one) => one.steps));
  const seen = formatRange(figures.map((one) => one.imagesSeen));
  return `- Training: ${source}${network}, ${classes} classes, ${steps} steps of ${results.batchSize} images (${seen} images in total).`;
}

function describeImages({ identities, source, folder }: StudyImages): string {
  return identities === undefined
    ? `the images in \`${folder}\``
    : `${formatCount(identities)} generated ${source}`;
}

function describeHeldOut(results: StudyResults, comparison: Comparison): string | undefined {
  const figures = findFigures(results, comparison);
  if (figures.length === 0) return undefined;
  const range = (select: (heldOut: StudyRunFigures['heldOut']) => number | undefined) =>
    formatRange(figures.map(({ heldOut }) => select(heldOut)));
  return (
    `- Held out: ${range(({ identities }) => identities)} identities, ${range(({ images }) => images)} images, ` +
    `${range(({ pairs }) => pairs.positive)} pairs of the same identity and ` +
    `${range(({ pairs }) => pairs.negative)} pairs of different ones.`
  );
}

/** Counts the runs with figures, and the others by reason, so that none is omitted silently. */
function describeRuns({ name, runs, seeds }: StudyResults, { data, budget }: Comparison): string {
  const own = runs.filter((run) => run.data === data && run.budget === budget);
  const count = (why: string) => own.filter(({ missing }) => missing?.why === why).length;
  const finished = own.filter(({ figures }) => figures).length;
  const [diverged, unfinished] = [count('diverged'), count('unfinished')];
  const others = [
    `${diverged === 0 ? 'none' : diverged} diverged`,
    ...(unfinished > 0 ? [`${unfinished} not finished`] : []),
  ];
  return `- Runs of the study \`${name}\`: ${formatCount(finished)} of ${formatCount(own.length)} finished, ${seeds} seeds per arm, ${others.join(', ')}.`;
}

function describeSearch({ search }: StudyResults): string | undefined {
  if (!search) return undefined;
  const keys = Object.keys(search.grid).map((key) => `\`${key}\``);
  return `- Search: each arm first searched ${keys.join(' and ')} for each seed on validation identities, with ${formatCount(search.steps)} steps per candidate. The search counts toward the budget of the arm.`;
}

function describeStudyMachine({ machine, jobs, createdAt, weights }: StudyResults): string {
  const { cpu, cores, memory, system, node } = machine;
  const files = Object.entries(weights ?? {}).map(
    ([model, file]) => ` Weights of \`${model}\` from \`${file}\`.`,
  );
  return `- Machine: ${cpu}, ${cores} cores, ${memory}, ${system}, Node ${node}, ${jobs} concurrent ${jobs === 1 ? 'run' : 'runs'}, ${createdAt.slice(0, 10)}.${files.join('')}`;
}

function findFigures({ runs }: StudyResults, { data, budget }: Comparison): StudyRunFigures[] {
  return runs.flatMap((run) =>
    run.data === data && run.budget === budget && run.figures ? [run.figures] : [],
  );
}

/** Formats the smallest and the largest value, or the single value if they are equal. */
function formatRange(values: (number | undefined)[]): string {
  const known = values.filter((value) => value !== undefined);
  if (known.length === 0) return 'an unknown number of';
  const ends = [Math.min(...known), Math.max(...known)].map((value) => formatCount(value));
  return [...new Set(ends)].join('–');
}
