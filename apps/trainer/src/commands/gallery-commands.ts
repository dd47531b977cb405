import { type Command, InvalidArgumentError } from 'commander';
import type { OpenEmbedder } from '../gallery/with-gallery.js';

const MODEL =
  'the folder of a run, a checkpoint or a model, an ONNX export, a URL, a model of the hub: OWNER/NAME, or a shipped one: document-small or document-base';
const CODES = `
Exit code: 0 if all images were read, 3 if some could not be read and the others were processed,
2 for an error that you can fix, 1 for a bug.`;

/** Adds `enroll`, `recognize` and `gallery` to the command line. */
export function addGalleryCommands(
  program: Command,
  setExitCode: (code: number) => void,
  openEmbedder: OpenEmbedder,
): void {
  program
    .command('enroll')
    .description('add the images of a folder to a gallery of known identities, a file')
    .argument('<GALLERY>', 'the file; created if it does not exist')
    .argument(
      '<DIR>',
      'a folder: each subfolder, and each image directly in it, is one identity of that name',
    )
    .requiredOption('--model <MODEL>', MODEL)
    .addHelpText(
      'after',
      `
Images that are enrolled already are left out.
${CODES}

Examples:
  unitsphere enroll people.gallery people --model model
  unitsphere enroll people.gallery more-people --model runs/faces-20260301-140509`,
    )
    .action(async (gallery, dir, options) =>
      setExitCode(await (await import('./enroll.js')).enroll(gallery, dir, options, openEmbedder)),
    );

  program
    .command('recognize')
    .description('find the identities of images in a gallery')
    .argument('<GALLERY>', 'a file that enroll has written')
    .argument('<FILES...>', 'image files')
    .option('--model <MODEL>', 'default: the model that the gallery was enrolled with')
    .option('-k <COUNT>', 'number of matches', parseCount, 5)
    .option('--threshold <SCORE>', 'accept matches from this score on; default: as calibrated', parseScore)
    .option('--json', 'print a JSON array of { file, decision, matches: [{ name, score }] }')
    .addHelpText(
      'after',
      `
The decision is known, ambiguous (another identity is as close), unknown, or undecided (the gallery
is not calibrated).
${CODES}

Examples:
  unitsphere recognize people.gallery one.jpg other.jpg
  unitsphere recognize people.gallery one.jpg --json -k 1
  unitsphere recognize people.gallery one.jpg --threshold 0.6`,
    )
    .action(async (gallery, files, options) =>
      setExitCode(await (await import('./recognize.js')).recognize(gallery, files, options, openEmbedder)),
    );

  const gallery = program
    .command('gallery')
    .description('list, remove, merge, rename, calibrate and evaluate identities');
  gallery
    .command('list')
    .description('list the identities of a gallery')
    .argument('<GALLERY>', 'a file that enroll has written')
    .option('--json', 'print a JSON array of { name, images, metadata }')
    .addHelpText(
      'after',
      `
Examples:
  unitsphere gallery list people.gallery`,
    )
    .action(async (path, options) =>
      setExitCode(await (await import('./gallery.js')).listGallery(path, options)),
    );
  gallery
    .command('remove')
    .description('remove identities with all their images')
    .argument('<GALLERY>', 'a file that enroll has written')
    .argument('<NAMES...>', 'names of identities')
    .addHelpText(
      'after',
      `
Examples:
  unitsphere gallery remove people.gallery grace`,
    )
    .action(async (path, names) =>
      setExitCode(await (await import('./gallery.js')).removeFromGallery(path, names)),
    );
  gallery
    .command('merge')
    .description('move the images of an identity to another one, and remove it')
    .argument('<GALLERY>', 'a file that enroll has written')
    .argument('<NAME>', 'the identity to remove')
    .argument('<INTO>', 'the identity that gets its images')
    .addHelpText(
      'after',
      `
Examples:
  unitsphere gallery merge people.gallery grace-2 grace`,
    )
    .action(async (path, name, into) =>
      setExitCode(await (await import('./gallery.js')).mergeInGallery(path, name, into)),
    );
  gallery
    .command('rename')
    .description('rename an identity')
    .argument('<GALLERY>', 'a file that enroll has written')
    .argument('<NAME>', 'its name')
    .argument('<TO>', 'its new name')
    .addHelpText(
      'after',
      `
Examples:
  unitsphere gallery rename people.gallery ada lovelace`,
    )
    .action(async (path, name, to) =>
      setExitCode(await (await import('./gallery.js')).renameInGallery(path, name, to)),
    );
  gallery
    .command('calibrate')
    .description('choose the threshold at which the whole gallery accepts strangers at a given rate')
    .argument('<GALLERY>', 'a file that enroll has written')
    .option('--false-accept-rate <RATE>', 'rate of strangers that are accepted', parseRate, 0.01)
    .option('--keep-duplicates', 'identities that look like one enrolled twice are different ones')
    .option('--strangers <DIR>', 'a folder of images of strangers; default: the gallery’s own identities')
    .option('--model <MODEL>', 'for --strangers; default: the model that the gallery was enrolled with')
    .addHelpText(
      'after',
      `
Prints the threshold. It follows the gallery as it grows.
${CODES}

Examples:
  unitsphere gallery calibrate people.gallery
  unitsphere gallery calibrate people.gallery --false-accept-rate 0.001 --strangers strangers`,
    )
    .action(async (path, options) =>
      setExitCode(await (await import('./gallery.js')).calibrateGallery(path, options, openEmbedder)),
    );
  gallery
    .command('evaluate')
    .description(
      'measure recognition: half of the identities of a folder are enrolled, the others are strangers',
    )
    .argument('<DIR>', 'a folder: each subfolder, and each image directly in it, is one identity')
    .requiredOption('--model <MODEL>', MODEL)
    .option(
      '--enroll <COUNT>',
      'images of an identity that are enrolled; the others are probes',
      parseCount,
      1,
    )
    .option('--false-accept-rate <RATE>', 'rate of strangers to calibrate for', parseRate, 0.01)
    .option('--json', 'print the whole result as JSON')
    .addHelpText(
      'after',
      `${CODES}

Examples:
  unitsphere gallery evaluate people --model model`,
    )
    .action(async (dir, options) =>
      setExitCode(await (await import('./gallery.js')).evaluateGalleryFolder(dir, options, openEmbedder)),
    );
}

function parseCount(text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1) throw new InvalidArgumentError('Expected a positive integer.');
  return number;
}

function parseScore(text: string): number {
  const number = Number(text);
  if (text.trim() === '' || !(number >= -1 && number <= 1)) {
    throw new InvalidArgumentError('Expected a cosine, from -1 to 1.');
  }
  return number;
}

function parseRate(text: string): number {
  const number = Number(text);
  if (!(number > 0 && number < 1)) throw new InvalidArgumentError('Expected a rate between 0 and 1.');
  return number;
}
