// Compares trainings on 1, 2 and 4 processes with those on threads, bit for bit, crosses their checkpoints, and kills processes.
// Requires Open MPI: node tools/mpi/check-trainings.mjs [--steps 100] [--kills 10]
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: { steps: { type: 'string', default: '100' }, kills: { type: 'string', default: '10' } },
});
const STEPS = Number(values.steps);
const KILLS = Number(values.kills);
const cli = fileURLToPath(new URL('../../apps/trainer/bin/unitsphere.js', import.meta.url));
const MPIRUN = ['mpirun.openmpi', '--allow-run-as-root', '--oversubscribe', '--bind-to', 'none'];

const config = (more = '') => `
data: { source: documents, identities: 24, imageSize: 32, split: { train: 0.6, validation: 0.2, test: 0.2 }, workers: 1 }
model: { backbone: lcnet_035, embeddingSize: 16 }
training: { steps: ${STEPS}, batchSize: 8, logEvery: 1, validateEvery: null, checkpointEvery: ${Math.ceil(STEPS / 10)} }
backend: wasm
output: { plots: [] }
${more}`;
const FILE_STORE = 'loss: { partialFc: { sampledClasses: 6, store: file, cacheMiB: 0.001 } }';

/** Starts `unitsphere train` on threads or processes. */
function start(kind, count, args) {
  const replicas = kind === 'threads' ? ['--set', `training.replicas=${count}`] : [];
  const [command, ...before] =
    kind === 'threads' ? [process.execPath] : [...MPIRUN, '-n', `${count}`, process.execPath];
  const child = spawn(command, [...before, cli, 'train', ...args, ...replicas], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const state = { pid: child.pid, output: '', hasEnded: false };
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (text) => {
      state.output += text;
    });
  }
  state.ended = once(child, 'exit').then(([code]) => {
    state.hasEnded = true;
    return code;
  });
  return state;
}

async function train(kind, count, args) {
  const state = start(kind, count, args);
  if ((await state.ended) !== 0) throw new Error(`the training on ${count} ${kind} failed:\n${state.output}`);
}

/** Reads the losses and gradient norms of a run; those of a repeated step once. */
function lossesOf(run) {
  const file = join(run, 'metrics.jsonl');
  if (!existsSync(file)) return [];
  return readFileSync(file, 'utf8')
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line))
    .filter(({ loss }) => loss !== undefined)
    .map(({ step, loss, gradientNorm }) => `${step} ${loss} ${gradientNorm}`);
}

function check(isTrue, message) {
  if (!isTrue) throw new Error(`not so: ${message}`);
  console.log(`✓ ${message}`);
}

/** Removes the newest checkpoints, so that a run resumes from its middle. */
function rewind(run, last = STEPS - Math.ceil(STEPS / 10)) {
  const folder = join(run, 'checkpoints');
  const names = readdirSync(folder).filter((name) => Number(name.replace('step-', '')) > last);
  for (const name of names) rmSync(join(folder, name), { recursive: true });
}

const folder = mkdtempSync(join(tmpdir(), 'unitsphere-mpi-'));
try {
  const file = join(folder, 'config.yaml');
  writeFileSync(file, config());
  const run = (name) => join(folder, name);
  const options = (name) => [file, '--output', folder, '--set', `output.name=${name}`];
  for (const count of [1, 2, 4]) {
    for (const kind of ['threads', 'processes']) await train(kind, count, options(`${kind}-${count}`));
    const losses = lossesOf(run(`threads-${count}`));
    check(losses.length === STEPS, `${count} threads train ${STEPS} steps`);
    check(
      losses.join() === lossesOf(run(`processes-${count}`)).join(),
      `the losses and gradient norms of ${count} processes are those of ${count} threads, bit for bit`,
    );
  }
  for (const kind of ['threads', 'processes']) rewind(run(`${kind}-4`));
  // Each continues the other's checkpoint, on another number.
  await train('processes', 2, ['--resume', run('threads-4')]);
  await train('threads', 2, ['--resume', run('processes-4')]);
  check(
    lossesOf(run('threads-4')).join() === lossesOf(run('processes-4')).join(),
    'a checkpoint of 4 threads resumed on 2 processes gives the losses of the opposite way',
  );

  if (KILLS > 0) {
    writeFileSync(file, config(FILE_STORE));
    await train('processes', 2, options('whole'));
    const killed = run('killed');
    for (let kill = 1; kill <= KILLS; kill++) {
      const state = start(
        'processes',
        2,
        existsSync(join(killed, 'metrics.jsonl')) ? ['--resume', killed] : options('killed'),
      );
      const before = lossesOf(killed).length;
      while (!state.hasEnded && lossesOf(killed).length === before) await sleep(20);
      await sleep(3000 * Math.random());
      const ranks = readFileSync(`/proc/${state.pid}/task/${state.pid}/children`, 'utf8')
        .trim()
        .split(' ')
        .map(Number);
      if (!state.hasEnded) process.kill(ranks[kill % ranks.length], 'SIGKILL');
      const killedAt = Date.now();
      const code = await state.ended;
      if (code === 0) break;
      console.log(
        `  kill ${kill} of a process ended the group in ${Date.now() - killedAt} ms, at step ${lossesOf(killed).length}`,
      );
    }
    await train('processes', 2, ['--resume', killed]);
    check(
      lossesOf(killed).join() === lossesOf(run('whole')).join(),
      `the losses after kills are those of a whole run`,
    );
    // The header of a file has random numbers.
    const centersOf = (name, rank) =>
      readFileSync(join(run(name), `centers/rank-${rank}.centers`)).subarray(8192);
    check(
      [0, 1].every((rank) => centersOf('killed', rank).equals(centersOf('whole', rank))),
      'the class centers after kills are those of a whole run',
    );
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
