import { availableParallelism } from 'node:os';
import { explainDiskError } from '@unitsphere/core/disk';
import { perceptualHash } from '../perceptual-hash.js';
import { decodeFile } from './decode.js';
import { type ContentHashes, cacheFile, defaultCacheDir, readCache, writeCache } from './decoded-cache.js';
import { type ScannedFile, type ScannedIdentity, type SkippedFile, scanFolder } from './scan.js';
import type { FolderSourceOptions, SharedFolder } from './shared-folder.js';

/** Implements `FolderSource.open` in Node: scans a folder, decodes it or reads its cache, and checks the result. */
export async function openFolder(dir: string, options: FolderSourceOptions): Promise<SharedFolder> {
  const { cacheSize = 160, cacheDir, memoryLimit = 4 * 2 ** 30, identityPer = 'auto' } = options;
  if (!Number.isInteger(cacheSize) || cacheSize < 8 || cacheSize > 4096) {
    throw new RangeError(`FolderSource: cacheSize must be an integer in 8 … 4096 pixels, not ${cacheSize}.`);
  }
  if (!['auto', 'file', 'folder'].includes(identityPer)) {
    throw new TypeError(`FolderSource: identityPer must be auto, file or folder, not "${identityPer}".`);
  }
  const scan = await scanFolder(dir, identityPer);
  checkScan(dir, scan.identities, scan.skipped, identityPer);
  const imageBytes = cacheSize * cacheSize * 3;
  const files = scan.identities.flatMap((identity) => identity.files);
  if (files.length * imageBytes > memoryLimit) {
    const limit = (memoryLimit / 2 ** 30).toFixed(1);
    throw new RangeError(
      `FolderSource: ${files.length} images of ${cacheSize} × ${cacheSize} pixels need ` +
        `${((files.length * imageBytes) / 2 ** 30).toFixed(1)} GiB, more than memoryLimit (${limit} GiB). ` +
        'Use a smaller cacheSize or fewer images, or increase memoryLimit if the machine has the memory.',
    );
  }

  const pixels = allocate(files.length * imageBytes);
  const { failures, hashes } = await fillPixels(dir, files, pixels, imageBytes, cacheSize, cacheDir, options);
  const skipped = [...scan.skipped];
  const identities: SharedFolder['identities'][number][] = [];
  const kept: number[][] = [];
  let next = 0;
  for (const identity of scan.identities) {
    const slots: number[] = [];
    for (const { file } of identity.files) {
      const failure = failures.get(next);
      if (failure === undefined) slots.push(next);
      else skipped.push({ file, reason: failure });
      next++;
    }
    if (slots.length > 0) {
      identities.push({ name: identity.name, samples: slots.length });
      kept.push(slots);
    }
  }
  for (const entry of skipped) options.onSkipped?.(entry);
  if (identities.length < 2) {
    throw new Error(
      `FolderSource: ${files.length - failures.size} of ${files.length} image files in "${dir}" can be read, ` +
        `which gives ${identities.length} identities; at least 2 are required. ${listSkipped(skipped)}`,
    );
  }
  const starts = new Uint32Array(identities.length + 1);
  kept.forEach((slots, i) => {
    starts[i + 1] = starts[i] + slots.length;
  });
  const contents = files.map(({ file, bytes }, slot) => ({ file, bytes, ...(hashes[slot] ?? UNREADABLE) }));
  const slots = Uint32Array.from(kept.flat());
  return { dir, cacheSize, identities, skipped, contents, pixels, starts, slots };
}

/** The hashes of a file that could not be read; no identity has it. */
const UNREADABLE: ContentHashes = { sha256: '', perceptualHash: new Uint32Array(2) };

/** Allocates shared memory, so that data workers read the same copy. */
function allocate(bytes: number): Uint8Array {
  try {
    return new Uint8Array(new SharedArrayBuffer(bytes));
  } catch (error) {
    throw new RangeError(
      `FolderSource: cannot allocate ${(bytes / 2 ** 30).toFixed(1)} GiB in one block ` +
        `(${reasonOf(error)}); use a smaller cacheSize or fewer images.`,
    );
  }
}

/** @throws Error if a scan found fewer than two identities. */
function checkScan(dir: string, identities: ScannedIdentity[], skipped: SkippedFile[], per: string): void {
  const layout =
    'Each image file directly in the folder is one identity, and each subfolder that contains images is one ' +
    'identity with those images as its samples (with identityPer: "file" every image file is one).';
  if (identities.length === 0) {
    throw new Error(
      `FolderSource: "${dir}" contains no image files. ${layout} ${listSkipped(skipped)}`.trim(),
    );
  }
  if (identities.length === 1) {
    const [{ name, files }] = identities;
    const hint =
      per !== 'file' && files.length > 1
        ? `If its ${files.length} images are different identities, set identityPer: "file" or open that subfolder. `
        : '';
    throw new Error(
      `FolderSource: "${dir}" contains one identity ("${name}"); at least 2 are required. ${hint}${layout}`,
    );
  }
}

/** Lists the first skipped files with the reasons, for error messages. */
function listSkipped(skipped: readonly SkippedFile[]): string {
  if (skipped.length === 0) return '';
  const first = skipped.slice(0, 3).map(({ file, reason }) => `${file} (${reason})`);
  return `Skipped: ${first.join('; ')}${skipped.length > 3 ? `; and ${skipped.length - 3} more` : ''}.`;
}

/**
 * Fills every slot of `pixels` from the cache or by decoding.
 * @returns `failures`: the reason for each slot that could not be filled; `hashes`: those of each slot's file.
 */
async function fillPixels(
  dir: string,
  files: readonly ScannedFile[],
  pixels: Uint8Array,
  imageBytes: number,
  side: number,
  cacheDir: string | false | undefined,
  { onWarning, onProgress }: FolderSourceOptions,
): Promise<{ failures: Map<number, string>; hashes: (ContentHashes | undefined)[] }> {
  const failures = new Map<number, string>();
  const path = cacheDir === false ? undefined : cacheFile(cacheDir ?? defaultCacheDir(), dir, side);
  let hashes: (ContentHashes | undefined)[] = files.map(() => undefined);
  let complete = false;
  if (path) {
    try {
      const read = await readCache(path, files, pixels, imageBytes);
      ({ hashes, complete } = read);
      if (read.problem)
        onWarning?.(`The cache of decoded images ${path} is damaged (${read.problem}); rebuilding it.`);
    } catch (error) {
      onWarning?.(
        `The cache of decoded images ${path} cannot be read (${reasonOf(error)}); decoding instead.`,
      );
    }
  }
  const cachedCount = hashes.filter(Boolean).length;
  let done = cachedCount;
  if (done > 0) onProgress?.(done, files.length);
  let next = 0;
  const decodeRest = async () => {
    for (let i = next++; i < files.length; i = next++) {
      if (hashes[i]) continue;
      try {
        const decoded = await decodeFile(files[i].path, side);
        pixels.set(decoded.pixels, i * imageBytes);
        const image = { width: side, height: side, data: decoded.pixels };
        hashes[i] = { sha256: decoded.sha256, perceptualHash: perceptualHash(image) };
      } catch (error) {
        failures.set(i, reasonOf(error));
      }
      onProgress?.(++done, files.length);
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, decodeRest));

  if (path && !complete) {
    const good = files.map((_, i) => i).filter((i) => !failures.has(i));
    const packed = failures.size === 0 ? pixels : new Uint8Array(good.length * imageBytes);
    if (failures.size > 0) {
      good.forEach((slot, i) => {
        packed.set(pixels.subarray(slot * imageBytes, (slot + 1) * imageBytes), i * imageBytes);
      });
    }
    try {
      const cached = good.map((i) => ({ ...files[i], ...(hashes[i] ?? UNREADABLE) }));
      if (cachedCount < good.length || failures.size === 0) {
        await writeCache(path, cached, packed, imageBytes);
      }
    } catch (error) {
      onWarning?.(
        `Cannot write the cache of decoded images ${path} (${explainDiskError(error) ?? reasonOf(error)}); the next run ` +
          'decodes them again. Set cacheDir to a writable folder.',
      );
    }
  }
  return { failures, hashes };
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
