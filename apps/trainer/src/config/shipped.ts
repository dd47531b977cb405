import { firstFolder, ShippedFiles } from './shipped-files.js';

// A build lies in dist; the source itself is two folders further down.
/** The repository's configs: the build copies them beside itself. */
export const RECIPES = new ShippedFiles(
  'config',
  firstFolder(import.meta.url, ['./configs', '../../../../configs']),
);

/** The studies of the trainer's package. */
export const STUDIES = new ShippedFiles(
  'study',
  firstFolder(import.meta.url, ['../studies', '../../studies']),
);
