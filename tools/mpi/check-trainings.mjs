// Compares trainings on 1, 2 and 4 processes, and on 2 processes of 2 threads, with those on threads, bit for bit. Crosses their
// checkpoints, also those with class centers in files, kills processes, and makes one process fail by a number that is not finite and by
// a full disk.
// Requires Open MPI, and root for the full disk: node tools/mpi/check-trainings.mjs [--steps 100] [--kills 10] [--parts losses,files]
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: {
    steps: { type: 'string', default: '100' },
    kills: { type: 'string', default: '10' },
    parts: { type: 'string', default: 'losses,sync,teacher,files,disk,kills' },
  },
});
const includes = (part) => values.parts.split(',').includes(part);
const STEPS = Number(values.steps);
const KILLS = Number(values.kills);
const cli = fileURLToPath(new URL('../../apps/trainer/bin/unitsphere.js', import.meta.url));
/** Largest relative difference of losses that rounding causes. */
const ROUNDING = 1e-4;
const MPIRUN = ['mpirun.openmpi', '--allow-run-as-root', '--oversubscribe', '--bind-to', 'none'];

const config = (more = '') => `
data: { source: documents, identities: 24, imageSize: 32, split: { train: 0.6, validation: 0.2, test: 0.2 }, workers: 1 }
model: { backbone: lcnet_035, embeddingSize: 16 }
training: { steps: ${STEPS}, batchSize: 8, logEvery: 1, validateEvery: null, checkpointEvery: ${Math.ceil(STEPS / 10)} }
backend: wasm
output: { plots: [] }
${more}`;
const FILE_STORE = 'loss: { partialFc: { sampledClasses: 6, store: file, cacheMiB: 0.001 } }';

/**
 * Starts `unitsphere train` on threads, processes, or processes of two threads each. `count` is the number of replicas, and `wrapper` a
 * program that starts each process.
 */
function start(kind, count, args, wrapper = []) {
  // A process is one replica, whatever the threads were that a run began with.
  const replicas = ['--set', `training.replicas=${{ threads: count, pairs: 2 }[kind] ?? 'auto'}`];
  const processes = kind === 'pairs' ? count / 2 : count;
  const [command, ...before] =
    kind === 'threads' ? [process.execPath] : [...MPIRUN, '-n', `${processes}`, ...wrapper, process.execPath];
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

/** Compares trainings on processes with those on threads, and crosses their checkpoints. */
async function checkLosses(options, run) {
  for (const count of [1, 2, 4]) {
    for (const kind of ['threads', 'processes']) await train(kind, count, options(`${kind}-${count}`));
    const losses = lossesOf(run(`threads-${count}`));
    check(losses.length === STEPS, `${count} threads train ${STEPS} steps`);
    check(
      losses.join() === lossesOf(run(`processes-${count}`)).join(),
      `the losses and gradient norms of ${count} processes are those of ${count} threads, bit for bit`,
    );
  }
  await train('pairs', 4, options('pairs-4'));
  check(
    lossesOf(run('threads-4')).join() === lossesOf(run('pairs-4')).join(),
    'the losses and gradient norms of 2 processes of 2 threads are those of 4 threads, bit for bit',
  );
  for (const kind of ['threads', 'processes']) rewind(run(`${kind}-4`));
  // Each continues the other's checkpoint, on another number.
  await train('processes', 2, ['--resume', run('threads-4')]);
  await train('threads', 2, ['--resume', run('processes-4')]);
  check(
    lossesOf(run('threads-4')).join() === lossesOf(run('processes-4')).join(),
    'a checkpoint of 4 threads resumed on 2 processes gives the losses of the opposite way',
  );
  await checkNotFinite(run('processes-2'));
}

/** Continues runs whose class centers are in files or in memory on other replicas, and compares them. */
async function checkFileStores(options, run) {
  const turns = [
    ['threads', 1],
    ['processes', 2],
    ['pairs', 4],
    ['threads', 4],
    ['processes', 4],
    ['threads', 1],
    ['pairs', 2],
  ];
  for (const store of ['file', 'host']) {
    const name = `crossing-${store}`;
    for (const [turn, [kind, count]] of turns.entries()) {
      const steps = ['--set', `training.steps=${Math.ceil((STEPS * (turn + 1)) / turns.length)}`];
      // Only a file has a cache.
      const inMemory = ['--set', 'loss.partialFc.store=host', '--set', 'loss.partialFc.cacheMiB='];
      const first = [...options(name), ...(store === 'host' ? inMemory : [])];
      await train(kind, count, [...(turn > 0 ? ['--resume', run(name)] : first), ...steps]);
    }
  }
  const losses = lossesOf(run('crossing-file'));
  const path = turns.map(([kind, count]) => `${count} ${kind}`).join(' → ');
  check(
    losses.length === STEPS && losses.join() === lossesOf(run('crossing-host')).join(),
    `with class centers in files, ${path} give the losses of centers in memory, bit for bit`,
  );
}

/** Compares trainings with synchronized batch norm on 1, 2 and 4 processes: they differ by rounding only. */
async function checkSyncBatchNorm(options, run) {
  const lossOf = (line) => Number(line.split(' ')[1]);
  await train('processes', 1, options('sync-1'));
  await train('threads', 2, options('sync-threads'));
  const one = lossesOf(run('sync-1')).map(lossOf);
  for (const count of [2, 4]) {
    await train('processes', count, options(`sync-${count}`));
    const several = lossesOf(run(`sync-${count}`)).map(lossOf);
    const apart = Math.max(...one.map((loss, i) => Math.abs(several[i] / loss - 1)));
    check(
      several.length === STEPS && apart < ROUNDING,
      `with synchronized batch norm, losses of ${count} processes are those of one within ${apart.toExponential(1)}`,
    );
  }
  check(
    lossesOf(run('sync-2')).join() === lossesOf(run('sync-threads')).join(),
    'and those of 2 processes are those of 2 threads, bit for bit',
  );
}

/** Returns the config of a distillation from a small network, whose features are cached anew. */
function withTeacher(folder) {
  const golden = new URL('../golden/files/onnx_teacher.json', import.meta.url);
  const file = join(folder, 'teacher.onnx');
  writeFileSync(file, Buffer.from(JSON.parse(readFileSync(golden, 'utf8')).cases[0].model, 'base64'));
  return `distillation: { loss: kl, teacher: { onnx: ${file}, preprocessing: { imageSize: 16, cropFraction: 0.5 } }, cacheDir: ${folder}/features }`;
}

/** Waits for a training that must fail. Checks that it ends within `seconds` after `isBroken`, with a reason. */
async function checkFailure(state, reason, { seconds, isBroken = () => true }) {
  while (!state.hasEnded && !isBroken()) await sleep(20);
  const broken = Date.now();
  const code = await state.ended;
  const took = (Date.now() - broken) / 1000;
  if (code === 0 || !reason.test(state.output)) {
    throw new Error(`the training ended with ${code}, without the reason ${reason}:\n${state.output}`);
  }
  check(
    took < seconds,
    `all processes end in ${took.toFixed(1)} s, with the reason: ${state.output.match(reason)[0]}`,
  );
}

/** Continues a run with a learning rate that overflows, and then with its own. */
async function checkNotFinite(folder) {
  rewind(folder);
  const rate = /^ *lr: (.*)$/m.exec(readFileSync(join(folder, 'config.yaml'), 'utf8'))[1];
  const broken = start('processes', 2, ['--resume', folder, '--set', 'optimizer.lr=1e30']);
  await checkFailure(broken, /training stopped at step \d+: the loss is .*/, { seconds: 120 });
  rewind(folder);
  await train('processes', 2, ['--resume', folder, '--set', `optimizer.lr=${rate}`]);
  check(
    lossesOf(folder).join() === lossesOf(folder.replace('processes', 'threads')).join(),
    'the same run resumes with its own learning rate, and gives the losses of a whole run',
  );
}

/** Trains with process 1 on a disk of its own, as on another host, which is full in the middle, and then has room. */
async function checkFullDisk(folder, run, options) {
  const disk = mkdtempSync(join(tmpdir(), 'unitsphere-disk-'));
  const wrapper = join(folder, 'own-disk.sh');
  writeFileSync(
    wrapper,
    `#!/bin/sh
[ "$OMPI_COMM_WORLD_RANK" = 1 ] || exec "$@"
exec unshare --mount sh -c 'mount --bind ${disk} ${folder} && exec "$@"' sh "$@"
`,
  );
  chmodSync(wrapper, 0o755);
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', disk]);
  try {
    // With this many classes, later steps write centers that the first ones did not.
    const more = ['--set', 'data.identities=400'];
    const first = [...options, ...more, '--set', `training.steps=${Math.ceil(STEPS / 10)}`];
    const begun = start('processes', 2, first, [wrapper]);
    if ((await begun.ended) !== 0) throw new Error(begun.output);
    const filler = join(disk, 'filler');
    try {
      writeFileSync(filler, new Uint8Array(2 ** 20));
    } catch {
      // The disk is full now.
    }
    const resume = ['--resume', run, '--set', `training.steps=${STEPS}`];
    const full = start('processes', 2, resume, [wrapper]);
    await checkFailure(full, /process 1 on .*the disk is full.*/, { seconds: 300 });
    rmSync(filler);
    const resumed = start('processes', 2, resume, [wrapper]);
    check((await resumed.ended) === 0, 'the same command resumes once the disk has room');
    check(lossesOf(run).length === STEPS, 'and trains all steps');
  } finally {
    execFileSync('umount', [disk]);
    rmSync(disk, { recursive: true });
  }
}

const folder = mkdtempSync(join(tmpdir(), 'unitsphere-mpi-'));
try {
  const file = join(folder, 'config.yaml');
  writeFileSync(file, config());
  const run = (name) => join(folder, name);
  const options = (name) => [file, '--output', folder, '--set', `output.name=${name}`];
  if (includes('losses')) await checkLosses(options, run);
  // With the usual learning rate, a training enlarges a difference of rounding by three in every step.
  const sync = ['--set', 'training.syncBatchNorm=true', '--set', 'optimizer.lr=1e-6'];
  if (includes('sync')) await checkSyncBatchNorm((name) => [...options(name), ...sync], run);

  if (includes('teacher')) {
    writeFileSync(file, config(withTeacher(folder)));
    for (const kind of ['threads', 'pairs']) await train(kind, 4, options(`taught-${kind}`));
    check(
      lossesOf(run('taught-threads')).length === STEPS &&
        lossesOf(run('taught-threads')).join() === lossesOf(run('taught-pairs')).join(),
      'the losses of a distillation on 2 processes of 2 threads are those of 4 threads, bit for bit',
    );
  }

  writeFileSync(file, config(FILE_STORE));
  if (includes('files')) await checkFileStores(options, run);
  if (includes('disk') && process.getuid() === 0) await checkFullDisk(folder, run('full'), options('full'));

  if (includes('kills') && KILLS > 0) {
    await train('processes', 2, options('whole'));
    const killed = run('killed');
    for (let kill = 1; kill <= KILLS; kill++) {
      const state = start(
        'processes',
        2,
        existsSync(join(killed, 'metrics.jsonl')) ? ['--resume', killed] : options('killed'),
      );
      // The run advances from kill to kill, over several checkpoints, and is killed at any moment of a step.
      const last = lossesOf(killed).length + (STEPS / 8) * Math.random();
      while (!state.hasEnded && lossesOf(killed).length <= last) await sleep(20);
      await sleep(300 * Math.random());
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
