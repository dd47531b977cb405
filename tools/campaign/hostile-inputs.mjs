import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { isExplained, TINY, unitsphere } from './command-line.mjs';

const trainer = fileURLToPath(new URL('../../apps/trainer/', import.meta.url));
const require = createRequire(join(trainer, 'package.json'));

/** A generator of the same numbers in every campaign. */
async function createRandom(name) {
  const { Random } = await import(pathToFileURL(require.resolve('@unitsphere/core')).href);
  return new Random(11, name);
}

/** Changes, removes, repeats or cuts off bytes. */
function mutate(bytes, random) {
  if (bytes.length === 0) return bytes;
  const copy = Buffer.from(bytes);
  const at = random.int(copy.length);
  switch (random.int(5)) {
    case 0:
      copy[at] ^= 1 << random.int(8);
      return copy;
    case 1:
      return copy.subarray(0, at);
    case 2:
      return Buffer.concat([copy.subarray(0, at), copy.subarray(at + 1 + random.int(8))]);
    case 3:
      return Buffer.concat([copy.subarray(0, at), copy.subarray(Math.max(0, at - 20))]);
    default:
      for (let i = 0; i < 8; i++) copy[random.int(copy.length)] = random.int(256);
      return copy;
  }
}

const IMAGES = 300;

/**
 * Trains on a folder of mutated images among intact ones. Every file must be read or reported.
 * @returns {Promise<import('./sections.mjs').Outcome>}
 */
export async function hostileImages() {
  const sharp = require('sharp');
  const random = await createRandom('images');
  const folder = mkdtempSync(join(tmpdir(), 'campaign-images-'));
  try {
    const data = join(folder, 'data');
    mkdirSync(data);
    const formats = ['png', 'jpeg', 'webp', 'gif', 'tiff'];
    for (let i = 0; i < IMAGES + 30; i++) {
      const raw = Buffer.from(Array.from({ length: 40 * 40 * 3 }, () => random.int(256)));
      const format = formats[i % formats.length];
      const bytes = await sharp(raw, { raw: { width: 40, height: 40, channels: 3 } })
        [format]()
        .toBuffer();
      const isIntact = i >= IMAGES;
      writeFileSync(
        join(data, `${isIntact ? 'intact' : 'mutated'}-${i}.${format}`),
        isIntact ? bytes : mutate(bytes, random),
      );
    }
    const split = ['train=0.6', 'validation=0.2', 'test=0.2'].flatMap((part) => [
      '--set',
      `data.split.${part}`,
    ]);
    const cache = ['--set', `data.cacheDir=${join(folder, 'cache')}`];
    const args = ['train', '--data', data, ...TINY, ...split, ...cache, '--output', join(folder, 'runs')];
    const ended = await unitsphere(args, { cwd: folder });
    const isSurvived = ended.code === 0;
    return {
      tried: IMAGES,
      survived: isSurvived ? IMAGES : 0,
      problems: isSurvived ? [] : [`code ${ended.code}, ${isExplained(ended)}: ${ended.stderr.slice(-500)}`],
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const CONFIGS = 3000;

/**
 * Parses mutations of the built-in configs. Each must be valid or refused by an error for the user.
 * @returns {Promise<import('./sections.mjs').Outcome>}
 */
export async function hostileConfigs() {
  const { parseConfig, UserError } = await import(pathToFileURL(join(trainer, 'dist/index.js')).href);
  const random = await createRandom('configs');
  const configs = fileURLToPath(new URL('../../configs/', import.meta.url));
  const texts = readdirSync(configs)
    .filter((name) => name.endsWith('.yaml'))
    .map((name) => readFileSync(join(configs, name)));
  const problems = [];
  for (let i = 0; i < CONFIGS; i++) {
    let text = texts[i % texts.length];
    for (let times = 1 + random.int(3); times > 0; times--) text = mutate(text, random);
    try {
      parseConfig(text.toString('utf8'), { file: 'config.yaml' });
    } catch (error) {
      if (!(error instanceof UserError)) problems.push(`${i}: ${error.stack}`);
    }
  }
  return { tried: CONFIGS, survived: CONFIGS - problems.length, problems };
}
