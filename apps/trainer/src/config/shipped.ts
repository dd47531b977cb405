import { findFolder, ShippedFiles } from './shipped-files.js';

// The addresses of each folder: relative to dist in a build, and relative to this file in the sources.
/** The repository's configs, which the build copies to dist. */
export const RECIPES = new ShippedFiles(
  'config',
  findFolder(import.meta.url, ['./configs', '../../../../configs']),
);

/** The studies of the trainer's package. */
export const STUDIES = new ShippedFiles(
  'study',
  findFolder(import.meta.url, ['../studies', '../../studies']),
);
