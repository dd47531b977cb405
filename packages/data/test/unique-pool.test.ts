import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { openFolder } from '../src/folder/open-folder.js';
import { BatchLoader } from '../src/loader/batch-loader.js';
import { splitIdentities } from '../src/split.js';

const dir = fileURLToPath(new URL('../../../../shared/data/unique_pool', import.meta.url));
const absent = !existsSync(dir);

test.skipIf(absent)(
  `loads the reference’s cards${absent ? ' (skipped: shared/data/unique_pool is not next to the checkout)' : ''}`,
  async () => {
    const source = await openFolder(dir, { cacheDir: false, side: 48 });
    expect(source.identities.length).toBe(493);
    expect(source.skipped).toEqual([]);
    const split = splitIdentities(
      source.identities.map(({ name }) => name),
      { train: 0.6, validation: 0.2, test: 0.2 },
    );
    const loader = await BatchLoader.create({
      source,
      identities: split.train,
      views: 24,
      size: 32,
      batchSize: 64,
      seed: 0,
    });
    expect(loader.classCount).toBe(split.train.length * 24);
    const { images, labels } = await loader.next();
    expect(images.length).toBe(64 * 32 * 32 * 3);
    expect(new Set(labels).size).toBe(64);
    const each = Array.from({ length: 64 }, (_, i) => images.subarray(i * 3072, (i + 1) * 3072).join());
    expect(new Set(each).size).toBe(64);
    await loader.close();
  },
);
