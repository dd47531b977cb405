import { spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { TINY, unitsphere } from './command-line.mjs';

const trainer = fileURLToPath(new URL('../../apps/trainer/', import.meta.url));
const cli = join(trainer, 'bin/unitsphere.js');
const golden = fileURLToPath(new URL('../golden/files/lists/', import.meta.url));
const require = createRequire(join(trainer, 'package.json'));

const IDENTITIES = 12;
const SAMPLES = 4;
const SPLIT = ['train=0.6', 'validation=0.2', 'test=0.2'].flatMap((part) => ['--set', `data.split.${part}`]);
const SETTINGS = [
  ...[...TINY, ...SPLIT, '--set', 'data.memory=0', '--set', 'training.logEvery=1'],
  ...['--set', 'training.steps=30', '--set', 'training.validateEvery=10', '--set', 'output.plots=[]'],
];

/** Runs a command and kills it at a random moment, unless it ends before. */
async function killed(args, { cwd, milliseconds }) {
  const child = spawn(process.execPath, [cli, ...args], { cwd, stdio: 'ignore' });
  const ended = new Promise((resolve) => child.once('close', resolve));
  await Promise.race([ended, sleep(Math.random() * milliseconds)]);
  child.kill('SIGKILL');
  await ended;
}

/** Writes the same JPEG images as a folder, lists, Hugging Face's imagefolder, and archives. @returns The path of each format. */
async function writeFormats(folder) {
  const sharp = require('sharp');
  const rows = [];
  for (let i = 0; i < IDENTITIES; i++) {
    const label = `p${String(i).padStart(2, '0')}`;
    mkdirSync(join(folder, 'photos', label), { recursive: true });
    for (let sample = 0; sample < SAMPLES; sample++) {
      const raw = Buffer.from(
        Array.from(
          { length: 40 * 40 * 3 },
          (_, k) => (i * 37 + sample * 11 + ((k * (i + 3)) >> 4) * 29) % 256,
        ),
      );
      // JPEG files, which the addon decodes. The golden list has this ending; decoders look at the content.
      const file = `${label}/${sample}.png`;
      await sharp(raw, { raw: { width: 40, height: 40, channels: 3 } })
        .jpeg({ quality: 95 })
        .toFile(join(folder, 'photos', file));
      rows.push([file, label]);
    }
  }
  const list = (head, prefix) =>
    `${head}\n${rows.map(([file, label]) => `${prefix}${file},${label}\n`).join('')}`;
  writeFileSync(join(folder, 'list.csv'), list('path,label', 'photos/'));
  // Written by pyarrow; see tools/golden/list_files.py.
  writeFileSync(join(folder, 'list.parquet'), readFileSync(join(golden, 'photos.parquet')));
  const hub = join(folder, 'hub');
  for (const [file] of rows) {
    mkdirSync(join(hub, 'images', file, '..'), { recursive: true });
    writeFileSync(join(hub, 'images', file), readFileSync(join(folder, 'photos', file)));
  }
  writeFileSync(join(hub, 'metadata.csv'), list('file_name,label', 'images/'));
  const paths = { folder: 'photos', csv: 'list.csv', parquet: 'list.parquet', imagefolder: 'hub' };
  return Object.fromEntries(Object.entries(paths).map(([kind, path]) => [kind, join(folder, path)]));
}

/** Reads metrics.jsonl without the timings. */
const metricsOf = (run) =>
  readFileSync(join(run, 'metrics.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => ({ ...JSON.parse(line), imagesPerSecond: 0, lossMilliseconds: 0 }));

/** Packs a folder with kills, and compares the archive with one that was packed without. */
async function packWithKills(folder, source, ending, kills) {
  const whole = join(folder, `whole.${ending}`);
  const begun = performance.now();
  await unitsphere(['data', 'pack', source, whole], { cwd: folder });
  const milliseconds = performance.now() - begun;
  const archive = join(folder, `packed.${ending}`);
  const names = ending === 'rec' ? ['rec', 'idx', 'lst'] : ['tar'];
  const problems = [];
  for (let kill = 0; kill < kills; kill++) {
    await killed(['data', 'pack', source, archive], { cwd: folder, milliseconds });
    if (existsSync(archive) && !readFileSync(archive).equals(readFileSync(whole))) {
      problems.push(`packing ${ending}: a torn archive after kill ${kill}`);
    }
    // The next kill starts from nothing if this packing was complete.
    if (existsSync(archive)) rmSync(archive);
  }
  const { code, stderr } = await unitsphere(['data', 'pack', source, archive], { cwd: folder });
  const isSame = (name) =>
    readFileSync(join(folder, `packed.${name}`)).equals(readFileSync(join(folder, `whole.${name}`)));
  if (code !== 0 || !names.every(isSame)) problems.push(`packing ${ending}: ${code} ${stderr.slice(-300)}`);
  return { archive: whole, problems };
}

/** Trains with kills from one format. @returns Problems, compared with a training that was not killed. */
async function trainWithKills(folder, kind, path, kills, expected) {
  const output = join(folder, `runs-${kind}`);
  const run = join(output, 'run');
  const cache = ['--set', `data.cacheDir=${join(folder, `cache-${kind}`)}`];
  const start = [
    'train',
    '--data',
    path,
    ...SETTINGS,
    ...cache,
    '--set',
    'output.name=run',
    '--output',
    output,
  ];
  const next = () => (existsSync(join(run, 'config.yaml')) ? ['train', '--resume', run] : start);
  for (let kill = 0; kill < kills; kill++) {
    await killed(next(), { cwd: folder, milliseconds: expected.milliseconds });
  }
  const { code, stderr } = await unitsphere(next(), { cwd: folder });
  if (code !== 0) return [`${kind}: the last resume ended with ${code}: ${stderr.slice(-400)}`];
  const left = readdirSync(output, { recursive: true }).filter((name) => basename(name).includes('.tmp-'));
  const isSame = JSON.stringify(metricsOf(run)) === JSON.stringify(expected.metrics);
  return [
    ...(isSame ? [] : [`${kind}: the metrics differ from those without kills`]),
    ...(left.length === 0 ? [] : [`${kind}: temporary files are left: ${left.join()}`]),
  ];
}

/**
 * Kills packing, indexing and training at random moments, from every format. Each resumes to the numbers of a training from the
 * folder without kills, because all formats hold the same images.
 * @param {number} kills Kills of each training; each packing is killed as often.
 * @returns {Promise<import('./sections.mjs').Outcome>}
 */
export async function formatKills(kills) {
  const folder = mkdtempSync(join(tmpdir(), 'campaign-formats-'));
  try {
    const paths = await writeFormats(folder);
    const begun = performance.now();
    const whole = join(folder, 'whole');
    const cache = ['--set', `data.cacheDir=${join(folder, 'cache')}`];
    const args = ['train', '--data', paths.folder, ...SETTINGS, ...cache, '--output', whole];
    const { code, stderr } = await unitsphere([...args, '--set', 'output.name=run'], { cwd: folder });
    if (code !== 0) return { tried: 0, survived: 0, problems: [stderr.slice(-500)] };
    const expected = { milliseconds: performance.now() - begun, metrics: metricsOf(join(whole, 'run')) };
    const problems = [];
    let [tried, survived] = [0, 0];
    const count = (found) => {
      tried += kills;
      if (found.length === 0) survived += kills;
      problems.push(...found);
    };
    for (const ending of ['rec', 'tar']) {
      const packed = await packWithKills(folder, paths.folder, ending, kills);
      count(packed.problems);
      paths[ending] = packed.archive;
    }
    for (const [kind, path] of Object.entries(paths)) {
      count(await trainWithKills(folder, kind, path, kills, expected));
    }
    return { tried, survived, problems };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
