// The work of tools/gpu/check.sh, after the packages are built.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, homedir, tmpdir, type } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { computeRatios, listProblems, NOTES } from './report.mjs';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..', '..');
const { values: options } = parseArgs({
  options: {
    rehearse: { type: 'boolean', default: false },
    out: { type: 'string', default: 'gpu-check.json' },
    seconds: { type: 'string', default: '10' },
  },
});
const native = options.rehearse ? 'node' : 'cuda';
const pytorch = options.rehearse ? 'pytorch-eager' : 'pytorch-cuda';
const contenders = [`unitsphere-${native}`, `stock-${native}`, pytorch, 'unitsphere-webgpu', 'stock-webgpu'];

/** Runs a command in the repository; returns its status and what it printed. */
function run(command, args, env = {}) {
  console.error(`\n> ${command} ${args.join(' ')}`);
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  });
  if (status !== 0) console.error((stderr || String(error ?? '')).slice(-4000));
  return { ok: status === 0, stdout: stdout ?? '', stderr: stderr ?? String(error ?? '') };
}

const lastLines = (text, count = 20) => text.trim().split('\n').slice(-count).join('\n');

/** Lists names and the driver of NVIDIA's GPUs; none without nvidia-smi. */
function queryGpus() {
  const query = ['--query-gpu=name,driver_version,memory.total', '--format=csv,noheader'];
  const { status, stdout } = spawnSync('nvidia-smi', query, { encoding: 'utf8', timeout: 20_000 });
  const rows = status === 0 ? stdout.trim().split('\n').filter(Boolean) : [];
  return { gpus: rows, driver: rows[0]?.split(',')[1]?.trim() ?? null };
}

/** Runs the contract on a backend in a process of its own: a GPU that is lost ends only that. */
function checkContract(backend) {
  const { stdout, stderr } = run(process.execPath, ['contract/scripts/check-backend.mjs', backend]);
  try {
    return JSON.parse(stdout);
  } catch {
    const failed = [{ name: 'the backend starts', problems: [lastLines(stderr)] }];
    return { backend, device: 'none', node: process.version, checks: 0, failed };
  }
}

/** Times the step of the contenders that can run. */
function timeStep() {
  const folder = mkdtempSync(join(tmpdir(), 'gpu-check-'));
  const file = join(folder, 'step.json');
  const pace = ['--rounds', '3', '--turn-seconds', String(Number(options.seconds) / 3)];
  const args = ['benchmarks/dist/cli.js', 'step', '--only', contenders.join(','), ...pace, '--json', file];
  const { stderr } = run(process.execPath, args);
  const report = existsSync(file)
    ? JSON.parse(readFileSync(file, 'utf8'))
    : { contenders: [], absent: { all: lastLines(stderr) }, workload: {} };
  rmSync(folder, { recursive: true, force: true });
  return report;
}

const cli = 'apps/trainer/bin/unitsphere.js';
const start = performance.now();
const installation = run(process.execPath, [cli, 'backend', 'install', native]);
const seconds = (performance.now() - start) / 1000;
const install = {
  backend: native,
  ok: installation.ok,
  seconds,
  output: lastLines(`${installation.stdout}\n${installation.stderr}`),
};
const doctor = run(process.execPath, [cli, 'doctor']).stdout;
const contract = { native: checkContract(native), webgpu: checkContract('webgpu') };
const step = timeStep();
const report = {
  format: 1,
  date: new Date().toISOString(),
  commit: run('git', ['rev-parse', 'HEAD']).stdout.trim(),
  rehearsal: options.rehearse,
  note: options.rehearse ? NOTES.rehearsal : NOTES.measurement,
  machine: {
    system: `${type()} ${process.arch}`,
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    node: process.version,
    ...queryGpus(),
  },
  install,
  doctor,
  contract,
  step,
  ratios: computeRatios(step, native, pytorch),
};
// The report names no folder of the machine.
const text = JSON.stringify(report, null, 2).replaceAll(root, '.').replaceAll(homedir(), '~');
writeFileSync(options.out, `${text}\n`);

const problems = [
  ...listProblems(report),
  ...(install.ok ? [] : [`the backend "${native}" was not installed`]),
  ...Object.values(contract).flatMap(({ backend, failed }) =>
    failed.length > 0 ? [`${failed.length} checks of the contract failed on ${backend}`] : [],
  ),
  ...Object.values(step.absent),
];
console.log(`Wrote ${options.out}. Images/s: ${JSON.stringify(report.ratios)}`);
for (const problem of problems) console.log(`Problem: ${problem}.`);
process.exitCode = problems.length > 0 ? 1 : 0;
