// Measures how long a run on a large set takes until its first step: new without caches, resumed, and new with caches. Linux only.
//   node tools/campaign/start-and-resume.mjs DATA [CHECKOUT]
// DATA is a folder of images (npm run bench -- make-images DATA --identities 2500 --images 20 --side 64). CHECKOUT is another
// built checkout of the repository. The two run at the same time, so that a busy machine slows both down alike. Prints JSON, as
// in benchmarks/start-resume.json.
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const [data, other] = process.argv.slice(2);
const settings = [
  'backend=wasm',
  'data.imageSize=64',
  'data.split={train: 0.98, validation: 0.01, test: 0.01}',
  'model.backbone=lcnet_035',
  'model.embeddingSize=16',
  'training.replicas=1',
  'training.batchSize=8',
  'training.validateEvery=10',
  'training.checkpointEvery=1',
  'training.logEvery=1',
  'output.name=run',
];

/** Seconds of the processor that a process has used. */
function processorSeconds(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
  // utime and stime, in hundredths.
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** Measures one checkout. */
async function measure(checkout) {
  const folder = mkdtempSync(join(tmpdir(), 'start-'));
  const run = join(folder, 'run');
  const metrics = join(run, 'metrics.jsonl');
  const cli = join(checkout, 'apps/trainer/bin/unitsphere.js');

  /** Runs the command. @returns Seconds until it has logged a step, of the wall clock and of the processor. */
  async function train(args, step) {
    const begun = performance.now();
    const child = spawn(process.execPath, [cli, 'train', ...args], {
      env: { ...process.env, XDG_CACHE_HOME: join(folder, 'cache') },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let stderr = '';
    child.stderr.on('data', (text) => {
      stderr += text;
    });
    const ended = new Promise((resolve) => child.once('close', resolve));
    const isLogged = () => existsSync(metrics) && readFileSync(metrics, 'utf8').includes(`"step":${step},`);
    let processor = 0;
    while (!isLogged() && child.exitCode === null) {
      processor = processorSeconds(child.pid);
      await sleep(50);
    }
    const wall = (performance.now() - begun) / 1000;
    if ((await ended) !== 0 || !isLogged()) throw new Error(stderr.slice(-2000));
    return { wall: Math.round(wall), processor: Math.round(processor) };
  }

  try {
    const args = ['--data', data, '--output', folder, ...settings.flatMap((setting) => ['--set', setting])];
    const start = await train([...args, '--set', 'training.steps=1'], 1);
    const resume = await train(['--resume', run, '--set', 'training.steps=2'], 2);
    rmSync(run, { recursive: true });
    const again = await train([...args, '--set', 'training.steps=1'], 1);
    const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: checkout, encoding: 'utf8' });
    return { commit: commit.trim(), seconds: { start, resume, again } };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const here = fileURLToPath(new URL('../..', import.meta.url));
const checkouts = await Promise.all((other ? [here, other] : [here]).map(measure));
const machine = `${availableParallelism()} cores of ${cpus()[0].model.trim()}, Node ${process.versions.node}`;
const date = new Date().toISOString().slice(0, 10);
console.log(JSON.stringify({ date, machine, load: Math.round(loadavg()[1]), settings, checkouts }, null, 2));
