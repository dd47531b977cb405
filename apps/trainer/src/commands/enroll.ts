import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { embedReadable } from '../gallery/embed-readable.js';
import { listPictures } from '../gallery/list-pictures.js';
import { type OpenEmbedder, withModelAndGallery } from '../gallery/with-gallery.js';
import { Progress } from '../progress/progress.js';
import { EXIT, say } from './console.js';
import { oneLine } from './format-recognition.js';
import { pathArgument, relativePath } from './relative-path.js';

/** Options of `unitsphere enroll`. */
export interface EnrollCommandOptions {
  model: string;
}

/**
 * Enrolls the images of a folder in a gallery file, which is created if it does not exist. Images that are already enrolled under
 * the same name are left out. Returns the exit code.
 */
export async function enroll(
  path: string,
  dir: string,
  { model }: EnrollCommandOptions,
  openEmbedder: OpenEmbedder,
): Promise<number> {
  const identities = await listPictures(dir);
  const progress = new Progress({ totalSteps: 1 });
  try {
    progress.phase('loading the model');
    return await withModelAndGallery({ path, model, openEmbedder, create: true }, async (opened) => {
      const { gallery, embedder } = opened;
      const isEnrolled = new Set(
        gallery
          .list()
          .flatMap(({ name, templates }) => templates.map(({ metadata }) => `${metadata['sha256']} ${name}`)),
      );
      // A path is kept whole, so that recognition works from another folder.
      const source = existsSync(model) ? resolve(model) : model;
      const fresh = new Map<string, { file: string; sha256: string }[]>();
      let known = 0;
      for (const [name, files] of identities) {
        for (const file of files) {
          const sha256 = createHash('sha256')
            .update(await readFile(file))
            .digest('hex');
          if (isEnrolled.has(`${sha256} ${name}`)) known++;
          else fresh.set(name, [...(fresh.get(name) ?? []), { file, sha256 }]);
        }
      }
      const files = [...fresh.values()].flat().map(({ file }) => file);
      const { embeddings, unreadable } = await embedReadable(embedder, files, progress);
      let images = 0;
      for (const [name, entries] of fresh) {
        const readable = entries.filter(({ file }) => embeddings.has(file));
        if (readable.length === 0) continue;
        await gallery.enroll(
          name,
          readable.flatMap(({ file }) => embeddings.get(file) ?? []),
          undefined,
          {
            templateMetadata: readable.map(({ file, sha256 }) => ({
              file: relativePath(resolve(file)),
              sha256,
              model: source,
            })),
          },
        );
        images += readable.length;
      }
      progress.done();
      for (const { file, reason } of unreadable) say(`skipped ${oneLine(file)}: ${oneLine(reason)}`);
      const already = known > 0 ? `; ${known} ${known === 1 ? 'was' : 'were'} enrolled before` : '';
      process.stdout.write(
        `${images} ${images === 1 ? 'image' : 'images'} enrolled${already}. ${relativePath(path)} has ${gallery.size} identities.\n`,
      );
      if (gallery.calibration === undefined && gallery.size >= 3) {
        say(`Choose its threshold: unitsphere gallery calibrate ${pathArgument(path)}`);
      }
      say(`Recognize pictures:   unitsphere recognize ${pathArgument(path)} FILES`);
      return unreadable.length > 0 ? EXIT.unreadable : 0;
    });
  } finally {
    progress.done();
  }
}
