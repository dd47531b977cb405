import { resolve } from 'node:path';
import { Progress } from '../progress/progress.js';
import { writeFileAtomic } from '../run/write-file-atomic.js';
import { formatTable } from './columns.js';
import { outputColors, outputWidth, say } from './console.js';
import { nextSteps } from './next-steps.js';
import { formatNpy } from './npy.js';
import type { Work } from './work.js';

/** Options of `unitsphere embed`. */
export interface EmbedOptions {
  json?: boolean;
  npy?: string;
}

/** Files whose cosines are printed with each other. */
const MOST_COMPARED = 12;
/** Values of each embedding that are printed. */
const SHOWN_VALUES = 4;

/** Embeds image files and prints the embeddings. Returns the exit code. */
export async function embed(
  model: string,
  files: readonly string[],
  options: EmbedOptions,
  work: Work,
): Promise<number> {
  const progress = new Progress({ totalSteps: 1 });
  const { embeddings, embeddingSize } = await work.embedFiles({ model, files, progress });
  if (options.npy !== undefined) {
    await writeFileAtomic(resolve(options.npy), formatNpy(embeddings, embeddingSize));
    say(`${files.length} × ${embeddingSize} float32 values, in the order of the files:`);
    process.stdout.write(`${options.npy}\n`);
  } else if (options.json) {
    const rows = files.map((file, i) => ({ file, embedding: Array.from(embeddings[i]) }));
    process.stdout.write(`[\n${rows.map((row) => `  ${JSON.stringify(row)}`).join(',\n')}\n]\n`);
  } else {
    for (const line of formatEmbeddings(files, embeddings, outputWidth())) process.stdout.write(`${line}\n`);
  }
  for (const line of nextSteps(model, 'enroll')) say(line);
  return 0;
}

/** Formats the first values of each embedding, and the cosines of all pairs. */
export function formatEmbeddings(
  files: readonly string[],
  embeddings: readonly Float32Array[],
  width: number,
): string[] {
  const size = embeddings[0].length;
  const images = `${files.length} ${files.length === 1 ? 'image' : 'images'}, ${size} values each, of unit length`;
  const values = formatTable(
    ['', ...Array.from({ length: Math.min(SHOWN_VALUES, size) }, (_, i) => String(i)), '…'],
    files.map((file, i) => [
      file,
      ...Array.from(embeddings[i].subarray(0, SHOWN_VALUES), (value) => value.toFixed(4)),
      '',
    ]),
    { width },
  );
  const lines = [images, ...values.head.map(outputColors.dim), ...values.rows];
  if (files.length < 2 || files.length > MOST_COMPARED) return lines;
  const cosines = formatTable(
    ['cosine', ...files.map((_, i) => String(i + 1))],
    files.map((file, i) => [`${i + 1} ${file}`, ...embeddings.map((other) => cosine(embeddings[i], other))]),
    { width },
  );
  return [...lines, '', ...cosines.head.map(outputColors.dim), ...cosines.rows];
}

function cosine(a: Float32Array, b: Float32Array): string {
  return a.reduce((sum, value, i) => sum + value * b[i], 0).toFixed(3);
}
