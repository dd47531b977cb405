// Runs every `unitsphere` command of documents/ by npx, in order, with small pictures and few steps.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { DocumentSource } from '@unitsphere/data';
import sharp from 'sharp';

// Enough that the held-out part measures TPR at FPR 1e-3.
const [IDENTITIES, SIDE] = [40, 48];
// Settings that make every training small.
const SMALL = [
  'backend=wasm',
  'data.imageSize=32',
  'data.workers=1',
  'data.split={train: 0.6, validation: 0.2, test: 0.2}',
  'model.backbone=lcnet_035',
  'training.steps=6',
  'training.batchSize=8',
  'training.replicas=1',
  'training.validateEvery=3',
  'training.checkpointEvery=3',
  'training.logEvery=1',
  'loss.warmup=',
];
// A study that replaces the built-in ones, which take an hour.
const STUDY = `
title: Two norms
question: Which?
base: base.yaml
factors: [model.norm]
arms:
  - { name: ln, set: { model.norm: layernorm } }
  - { name: bn, set: { model.norm: batchnorm } }
seeds: 2
budget: { steps: 6 }
`;
const BASE = `
data: { source: documents, identities: 30, imageSize: 32, split: { train: 0.4, validation: 0.3, test: 0.3 } }
model: { backbone: lcnet_035, embeddingSize: 16 }
training: { batchSize: 8 }
`;
const small = (settings) => settings.flatMap((setting) => ['--set', setting]);

/** Runs `npx unitsphere`, without a shell: settings contain spaces and braces. */
const npx = (args) =>
  execFileSync(process.execPath, [process.env.npm_execpath, 'exec', '--no', '--', 'unitsphere', ...args], {
    encoding: 'utf8',
  });

/** Returns the folder of the newest run. */
function lastRun() {
  const [name] = readdirSync('runs').sort(
    (a, b) => statSync(`runs/${b}`).birthtimeMs - statSync(`runs/${a}`).birthtimeMs,
  );
  return `runs/${name}`;
}

const lossesOf = (run) =>
  readFileSync(`${run}/metrics.jsonl`, 'utf8')
    .trim()
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line).loss)
    // Lines of validations have no loss.
    .filter((loss) => loss !== undefined);

/** Starts a training and interrupts it as Ctrl-C does, once it has logged a step. */
async function interruptTraining() {
  const settings = small([...SMALL, 'data.identities=30', 'training.steps=60', 'training.validateEvery=60']);
  const before = new Set(existsSync('runs') ? readdirSync('runs') : []);
  const child = spawn(process.execPath, ['node_modules/unitsphere/bin/unitsphere.js', 'train', ...settings], {
    stdio: 'ignore',
  });
  const ended = once(child, 'exit');
  for (let run; child.exitCode === null; await sleep(20)) {
    run ??= existsSync('runs') ? readdirSync('runs').find((name) => !before.has(name)) : undefined;
    if (run && existsSync(`runs/${run}/metrics.jsonl`) && lossesOf(`runs/${run}`).length > 0) break;
  }
  child.kill('SIGINT');
  const [status] = await ended;
  const done = lossesOf(lastRun()).length;
  if (status !== 130 || done >= 60)
    throw new Error(`The interrupted training ended with status ${status} after ${done} steps.`);
}

/** Runs a comparison in its own folder, because a folder can be resumed only with the same study and images. */
function compare([, , ...options]) {
  const output = options.includes('--output') ? 'compared-other' : 'compared';
  const words = options
    .map((word, i) => (options[i - 1] === '--output' ? output : options[i - 1] === '--seeds' ? '3' : word))
    .concat(options.includes('--output') ? [] : ['--output', output]);
  const printed = npx(['compare', 'study.yaml', ...words]);
  if (!/bn minus ln: .* seeds/.test(printed) || !existsSync(`${output}/report.html`)) {
    throw new Error(`"compare ${words.join(' ')}" printed:\n${printed}`);
  }
}

async function run(command) {
  const args = command
    .replace(/\s+#.*$/, '')
    .replace(/^(npx )?unitsphere /, '')
    .replace(/\bDIR\b|path\/to\/images/, 'pictures')
    .replace(/\bFILES\b/, 'pictures/0.png pictures/1.png')
    .split(/\s+/);
  if (args[0] === 'backend') return;
  // These commands require CLIP's weights or another file of weights.
  if (command.includes('distillation.teacher') || args.includes('--weights')) return;
  if (args[0] === 'compare') return compare(args);
  if (args.includes('faces/train.rec')) {
    mkdirSync('faces', { recursive: true });
    npx(['data', 'pack', 'pictures', 'faces/train.rec']);
  }
  if (args.includes('--resume')) await interruptTraining();
  const words = args.map((word) => (word.startsWith('runs/') ? lastRun() : word));
  const begins = words[0] === 'train' && !words.includes('--resume');
  // Later settings override those of the command.
  const more = begins
    ? small([
        ...SMALL,
        ...(words.includes('--data') ? ['data.views=1', 'data.uprightFraction='] : ['data.identities=30']),
      ])
    : [];
  const printed = npx([...words, ...more]);
  const expected = {
    doctor: /wasm/,
    demo: /\d+ of \d+ photographs recognized/,
    train: /report\.html/,
    evaluate: /AUROC/i,
    embed: /2 images, \d+ values each/,
    report: /report\.html/,
    data: /40 images|40 identities/,
    cache: /images/,
    enroll: /enrolled/i,
    gallery: /^-?[01]\.\d+|threshold/im,
    recognize: /\b(known|ambiguous|unknown)\b/,
    export: /\d+ (kB|MB)|cosine|folder/i,
  }[words[0]];
  if (!expected?.test(printed)) throw new Error(`"${command}" printed:\n${printed}`);
  if (words[0] === 'train') {
    const losses = lossesOf(lastRun());
    if (losses.length < 6 || !losses.every(Number.isFinite)) throw new Error(`${command}: losses ${losses}`);
  }
}

writeFileSync('study.yaml', STUDY);
writeFileSync('base.yaml', BASE);
mkdirSync('pictures');
const source = await DocumentSource.create({ identities: IDENTITIES, seed: 1, size: SIDE });
for (let i = 0; i < IDENTITIES; i++) {
  const { data } = source.clean(i);
  await sharp(data, { raw: { width: SIDE, height: SIDE, channels: 3 } })
    .png()
    .toFile(`pictures/${i}.png`);
}

let count = 0;
for (const document of readdirSync('documents')) {
  const markdown = readFileSync(`documents/${document}`, 'utf8');
  for (const [, code] of markdown.matchAll(/^```sh\r?\n(.*?)^```/gms)) {
    for (const line of code.split('\n').filter((text) => /^(npx )?unitsphere /.test(text))) {
      await run(line);
      count++;
    }
  }
}
if (count === 0) throw new Error('No document has a command.');
console.log(`${count} commands ran`);
