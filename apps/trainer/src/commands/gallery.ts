import type { Calibration, Gallery, GalleryEvaluation } from '@unitsphere/recognition';
import { embedReadable } from '../gallery/embed-readable.js';
import { listPictures } from '../gallery/list-pictures.js';
import { type OpenEmbedder, withGallery, withModelAndGallery } from '../gallery/with-gallery.js';
import { Progress } from '../progress/progress.js';
import { UserError } from '../user-error.js';
import { formatTable, wrapText } from './columns.js';
import { EXIT, messageWidth, outputColors, outputWidth, say } from './console.js';
import { describeCalibration, formatCalibration } from './format-calibration.js';
import { oneLine } from './format-recognition.js';
import { pathArgument } from './relative-path.js';

/** Lists the identities of a gallery. Returns the exit code. */
export async function listGallery(path: string, { json }: { json?: boolean }): Promise<number> {
  return withGallery(path, true, async (gallery) => {
    const identities = gallery.list();
    if (json) {
      const rows = identities.map(({ name, metadata, templates }) => ({
        name,
        images: templates.length,
        metadata,
      }));
      process.stdout.write(
        rows.length === 0 ? '[]\n' : `[\n${rows.map((row) => `  ${JSON.stringify(row)}`).join(',\n')}\n]\n`,
      );
      return 0;
    }
    const { head, rows } = formatTable(
      ['name', 'images'],
      identities.map(({ name, templates }) => [oneLine(name), String(templates.length)]),
      { width: outputWidth() },
    );
    const lines = identities.length > 0 ? [...head.map(outputColors.dim), ...rows] : [];
    for (const line of lines) process.stdout.write(`${line}\n`);
    say(
      `${identities.length} ${identities.length === 1 ? 'identity' : 'identities'}, ${gallery.embeddingSize} values an image.`,
    );
    if (gallery.calibration) {
      for (const line of describeCalibration(gallery.calibration, path, messageWidth())) say(line);
    } else
      say(`Not calibrated. Choose the threshold with: unitsphere gallery calibrate ${pathArgument(path)}`);
    return 0;
  });
}

/** Removes identities from a gallery: all of those named, or none if one does not exist. Returns the exit code. */
export async function removeFromGallery(path: string, names: readonly string[]): Promise<number> {
  return withGallery(path, false, async (gallery) => {
    const missing = names.filter((name) => !gallery.has(name));
    if (missing.length > 0) {
      throw new UserError(
        `${path} has no identity ${missing.map((name) => JSON.stringify(name)).join(', ')}`,
        {
          hint: `List the names with: unitsphere gallery list ${pathArgument(path)}`,
        },
      );
    }
    for (const name of new Set(names)) await gallery.remove(name);
    process.stdout.write(`${new Set(names).size} removed. ${path} has ${gallery.size} identities.\n`);
    return 0;
  });
}

/** Moves the images of an identity to another one, and removes it. Returns the exit code. */
export async function mergeInGallery(path: string, name: string, into: string): Promise<number> {
  return withGallery(path, false, async (gallery) => {
    await gallery.merge(name, into);
    process.stdout.write(`Merged. ${path} has ${gallery.size} identities.\n`);
    return 0;
  });
}

/** Renames an identity. Returns the exit code. */
export async function renameInGallery(path: string, name: string, to: string): Promise<number> {
  return withGallery(path, false, async (gallery) => {
    await gallery.rename(name, to);
    process.stdout.write(`${oneLine(name)} is now ${oneLine(to)}.\n`);
    return 0;
  });
}

/** Options of `unitsphere gallery calibrate`. */
export interface CalibrateCommandOptions {
  falseAcceptRate: number;
  keepDuplicates?: boolean;
  strangers?: string;
  model?: string;
}

/** Calibrates a gallery from its own identities or a folder of strangers. Returns the exit code. */
export async function calibrateGallery(
  path: string,
  { falseAcceptRate, keepDuplicates = false, strangers, model }: CalibrateCommandOptions,
  openEmbedder: OpenEmbedder,
): Promise<number> {
  const print = (
    calibration: Calibration,
    gallery: Pick<Gallery, 'acceptRateAt'>,
    nameOf?: (stranger: number) => string,
  ) => {
    process.stdout.write(`${calibration.threshold}\n`);
    for (const line of formatCalibration(calibration, gallery, path, messageWidth(), nameOf)) say(line);
  };
  if (strangers === undefined) {
    return withGallery(path, false, async (gallery) => {
      print(await gallery.calibrate({ falseAcceptRate, keepDuplicates }), gallery);
      return 0;
    });
  }
  const pictures = await listPictures(strangers);
  const progress = new Progress({ totalSteps: 1 });
  try {
    return await withModelAndGallery({ path, model, openEmbedder }, async ({ gallery, embedder }) => {
      const { embeddings, unreadable } = await embedReadable(
        embedder,
        [...pictures.values()].flat(),
        progress,
      );
      progress.done();
      const groups = [...pictures]
        .map(([name, files]) => ({ name, rows: files.flatMap((file) => embeddings.get(file) ?? []) }))
        .filter(({ rows }) => rows.length > 0);
      const calibration = await gallery.calibrate({
        falseAcceptRate,
        embeddings: groups.map(({ rows }) => rows),
      });
      print(calibration, gallery, (stranger) => JSON.stringify(groups[stranger].name));
      for (const { file, reason } of unreadable) say(`skipped ${oneLine(file)}: ${oneLine(reason)}`);
      return unreadable.length > 0 ? EXIT.unreadable : 0;
    });
  } finally {
    progress.done();
  }
}

/** Options of `unitsphere gallery evaluate`. */
export interface EvaluateGalleryCommandOptions {
  model: string;
  enroll: number;
  falseAcceptRate: number;
  json?: boolean;
}

/** Measures recognition on a folder of identities. Returns the exit code. */
export async function evaluateGalleryFolder(
  dir: string,
  { model, enroll, falseAcceptRate, json }: EvaluateGalleryCommandOptions,
  openEmbedder: OpenEmbedder,
): Promise<number> {
  const pictures = await listPictures(dir);
  const progress = new Progress({ totalSteps: 1 });
  progress.phase('loading the model');
  const embedder = await openEmbedder(model);
  try {
    const { embeddings, unreadable } = await embedReadable(embedder, [...pictures.values()].flat(), progress);
    progress.done();
    const identities = new Map<string, Float32Array[]>();
    for (const [name, files] of pictures) {
      const own = files.flatMap((file) => embeddings.get(file) ?? []);
      if (own.length > 0) identities.set(name, own);
    }
    const { evaluateGallery } = await import('@unitsphere/recognition');
    const evaluation = await evaluateGallery(identities, { enroll, falseAcceptRate }).catch(
      (error: unknown) => {
        if (!(error instanceof RangeError)) throw error;
        throw new UserError(error.message, { cause: error });
      },
    );
    const lines = json ? [JSON.stringify(evaluation, null, 2)] : formatEvaluation(evaluation, outputWidth());
    for (const line of lines) process.stdout.write(`${line}\n`);
    for (const { file, reason } of unreadable) say(`skipped ${oneLine(file)}: ${oneLine(reason)}`);
    return unreadable.length > 0 ? EXIT.unreadable : 0;
  } finally {
    progress.done();
    embedder.dispose();
  }
}

/** Formats an evaluation as a table. */
export function formatEvaluation(evaluation: GalleryEvaluation, width: number): string[] {
  const { enrolled, strangers, probes, ranks, points, calibrated } = evaluation;
  const rate = (value: number) => value.toFixed(3);
  const interval = ({ low, high }: { low: number; high: number }) => `${rate(low)}–${rate(high)}`;
  const rows = [
    ...ranks.map((at) => [`rank-${at.rank}`, rate(at.rate), interval(at.interval), '']),
    ...points.map((at) => [
      `FNIR at FPIR ${at.targetFpir}`,
      at.resolved ? rate(at.fnir) : '–',
      at.resolved ? interval(at.fnirInterval) : 'too few strangers',
      at.resolved ? at.threshold.toFixed(4) : '',
    ]),
    [
      'calibrated: FPIR',
      rate(calibrated.fpir.rate),
      interval(calibrated.fpir.interval),
      calibrated.calibration.threshold.toFixed(4),
    ],
    ...(calibrated.fnir
      ? [['calibrated: FNIR', rate(calibrated.fnir.rate), interval(calibrated.fnir.interval), '']]
      : []),
  ];
  const table = formatTable(['', 'rate', '95 % interval', 'threshold'], rows, { width });
  const head = `${enrolled} identities enrolled, ${probes.enrolled} other images of them; ${strangers} strangers, ${probes.strangers} images`;
  return [
    ...wrapText(head, width),
    ...table.head.map(outputColors.dim),
    ...table.rows,
    ...wrapText(
      `Calibrated for an FPIR of ${calibrated.calibration.falseAcceptRate} from the enrolled identities alone.`,
      width,
    ),
    ...(probes.enrolled === 0
      ? wrapText('No enrolled identity has a second image, so there is no rank and no FNIR.', width)
      : []),
  ];
}
