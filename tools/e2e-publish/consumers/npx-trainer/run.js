// The trainer by npx, as somebody types it: what the machine can do, a short training, the evaluation of its run.
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';

const npx = (...args) =>
  execFileSync('npx', ['--no', 'unitsphere', ...args], {
    encoding: 'utf8',
    shell: process.platform === 'win32',
  });

if (!/wasm/.test(npx('doctor'))) throw new Error('doctor does not name the wasm backend.');
const settings = [
  'backend=wasm',
  'data.identities=30',
  'data.imageSize=32',
  'data.workers=1',
  'data.split={train: 0.6, validation: 0.2, test: 0.2}',
  'training.steps=6',
  'training.batchSize=8',
  'training.replicas=1',
  'training.validateEvery=3',
  'training.checkpointEvery=3',
  'training.logEvery=1',
  'loss.warmup=',
];
npx('train', ...settings.flatMap((setting) => ['--set', setting]));
const [name] = readdirSync('runs');
const losses = readFileSync(`runs/${name}/metrics.jsonl`, 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line).loss);
if (losses.filter(Number.isFinite).length < 6) throw new Error(`Of 6 steps these are logged: ${losses}`);
if (!existsSync(`runs/${name}/report.html`)) throw new Error('There is no report.');
if (!/AUROC/i.test(npx('evaluate', `runs/${name}`))) throw new Error('evaluate prints no AUROC.');
console.log(`6 steps, loss ${losses[0]} to ${losses.at(-1)}`);
