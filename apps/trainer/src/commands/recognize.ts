import { embedReadable } from '../gallery/embed-readable.js';
import { type OpenEmbedder, withModelAndGallery } from '../gallery/with-gallery.js';
import { Progress } from '../progress/progress.js';
import { wrapText } from './columns.js';
import { EXIT, messageWidth, outputWidth, say } from './console.js';
import { describeCalibration, percent, percentInterval } from './format-calibration.js';
import { formatRecognition, oneLine } from './format-recognition.js';
import { pathArgument } from './relative-path.js';

/** Options of `unitsphere recognize`. */
export interface RecognizeCommandOptions {
  model?: string;
  k: number;
  threshold?: number;
  json?: boolean;
}

/** Recognizes image files in a gallery, and prints the decisions and the best matches. Returns the exit code. */
export async function recognize(
  path: string,
  files: readonly string[],
  { model, k, threshold, json }: RecognizeCommandOptions,
  openEmbedder: OpenEmbedder,
): Promise<number> {
  const progress = new Progress({ totalSteps: 1 });
  try {
    progress.phase('loading the model');
    return await withModelAndGallery({ path, model, openEmbedder, readOnly: true }, async (opened) => {
      const { gallery, embedder } = opened;
      const { embeddings, unreadable } = await embedReadable(embedder, files, progress);
      progress.done();
      const readable = files.filter((file) => embeddings.has(file));
      const found = await gallery.recognizeMany(
        readable.flatMap((file) => embeddings.get(file) ?? []),
        { k, ...(threshold !== undefined && { threshold }) },
      );
      if (json) {
        const rows = found.map(({ decision, matches }, n) => ({
          file: readable[n],
          decision,
          matches: matches.map(({ name, score }) => ({ name, score })),
        }));
        process.stdout.write(
          rows.length === 0 ? '[]\n' : `[\n${rows.map((row) => `  ${JSON.stringify(row)}`).join(',\n')}\n]\n`,
        );
      } else {
        found.forEach((recognition, n) => {
          const lines = formatRecognition(readable[n], recognition, outputWidth());
          process.stdout.write(`${n > 0 ? '\n' : ''}${lines.join('\n')}\n`);
        });
        const { calibration } = gallery;
        const rate = threshold !== undefined && gallery.acceptRateAt(threshold);
        const tell = (text: string) => {
          for (const line of wrapText(text, messageWidth())) say(line);
        };
        if (threshold === undefined && calibration) {
          for (const line of describeCalibration(calibration, path, messageWidth())) say(line);
        } else if (rate) {
          tell(
            `At the threshold ${threshold}, the gallery accepts about ${percent(rate.rate)} of strangers (95 % interval ${percentInterval(rate.interval)}).`,
          );
        } else if (threshold === undefined) {
          tell(
            `There is no threshold. Choose it with: unitsphere gallery calibrate ${pathArgument(path)}, or give --threshold.`,
          );
        }
      }
      for (const { file, reason } of unreadable) say(`skipped ${oneLine(file)}: ${oneLine(reason)}`);
      return unreadable.length > 0 ? EXIT.unreadable : 0;
    });
  } finally {
    progress.done();
  }
}
