import type { DemoRecognition, DemoResult } from '../demo/run-demo.js';
import { formatTable, wrapText } from './columns.js';
import { outputColors, outputWidth } from './console.js';
import type { Work } from './work.js';

const MODEL = 'document-small';
const DOCUMENTS = 8;
const PHOTOGRAPHS = 3;

/** Recognizes photographs of generated documents with the shipped model. Returns the exit code. */
export async function demo(work: Work): Promise<number> {
  const result = await work.runDemo({ model: MODEL, documents: DOCUMENTS, photographs: PHOTOGRAPHS });
  for (const line of formatDemo(result, outputWidth())) process.stdout.write(`${line}\n`);
  return 0;
}

/** Formats the result: a row for each document with its photographs. */
export function formatDemo({ backend, recognitions, milliseconds }: DemoResult, width: number): string[] {
  const documents = [...new Set(recognitions.map(({ document }) => document))];
  const right = recognitions.filter(isRight).length;
  const intro =
    `${MODEL}, which is shipped with unitsphere, has seen neither a real document nor these ${documents.length} generated ones. ` +
    'One flat picture of each is enrolled. It is recognized in photographs of copies with other names, numbers and portraits:';
  const rows = documents.map((document) => {
    const own = recognitions.filter((each) => each.document === document);
    const mean = (value: (each: DemoRecognition) => number) =>
      (own.reduce((sum, each) => sum + value(each), 0) / own.length).toFixed(2);
    const marks = own.map((each) => (isRight(each) ? outputColors.green('✓') : outputColors.yellow('✗')));
    return [document, marks.join(' '), mean(({ score }) => score), mean(({ next }) => next)];
  });
  const table = formatTable(['document', 'photographs', 'cosine', 'next document'], rows, { width });
  return [
    ...wrapText(intro, width),
    ...table.head.map(outputColors.dim),
    ...table.rows,
    `${right} of ${recognitions.length} photographs recognized, in ${milliseconds.toFixed(0)} ms each on ${backend}`,
    '',
  ];
}

const isRight = ({ document, found }: DemoRecognition) => document === found;
