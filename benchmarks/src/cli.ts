import { writeFile } from 'node:fs/promises';
import { Command, InvalidArgumentError } from 'commander';
import { DEFAULT_PACE, type Pace } from './measure/interleave.js';
import { printOps } from './ops/print-ops.js';
import { runOps } from './ops/run-ops.js';
import { stepContenders } from './step/contenders.js';
import { printStep } from './step/print-step.js';
import { runStep } from './step/run-step.js';
import { DEFAULT_WORKLOAD, type Workload } from './step/workload.js';

const program = new Command('npm run bench --')
  .description('Measures unitsphere on this machine, beside PyTorch and stock TensorFlow.js.')
  .showHelpAfterError();

const number = (text: string): number => {
  const value = Number(text);
  if (!(value > 0)) throw new InvalidArgumentError('It must be a number above 0.');
  return value;
};
const count = (text: string): number => {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1)
    throw new InvalidArgumentError('It must be a whole number of at least 1.');
  return value;
};
const list = (text: string) => text.split(',');

const json = [
  '--json <FILE>',
  'write every figure with the machine, the repetitions and their spread',
] as const;

program
  .command('step')
  .description('one training step, by backend and replicas, beside PyTorch and stock kernels; data excluded')
  .option(...json)
  .option(
    '--only <IDS>',
    'contenders by id, with commas between; an id also stands for those it begins',
    list,
  )
  .option('--backbone <NAME>', "timm's name of an LCNet", DEFAULT_WORKLOAD.backbone)
  .option('--image-size <PIXELS>', 'a side', count, DEFAULT_WORKLOAD.imageSize)
  .option('--batch <IMAGES>', 'images a step', count, DEFAULT_WORKLOAD.batch)
  .option('--classes <COUNT>', 'classes of the loss', count, DEFAULT_WORKLOAD.classes)
  .option('--rounds <COUNT>', 'turns of each contender', count, DEFAULT_PACE.rounds)
  .option('--turn-seconds <SECONDS>', 'length of a turn', number, DEFAULT_PACE.turnSeconds)
  .action(
    async (options: Partial<Pace> & Omit<Workload, 'embedding'> & { json?: string; only?: string[] }) => {
      const workload: Workload = { ...DEFAULT_WORKLOAD, ...pick(options, DEFAULT_WORKLOAD) };
      const pace: Pace = { ...DEFAULT_PACE, ...pick(options, DEFAULT_PACE) };
      const specs = chosen(stepContenders(workload), options.only);
      const report = await runStep(specs, workload, pace, progress);
      progress('');
      console.log(printStep(report));
      await save(options.json, report);
    },
  );

program
  .command('ops')
  .description(
    'each operation at the shapes of that step, beside stock kernels and the limits of the machine',
  )
  .option(...json)
  .option('--backends <NAMES>', 'with commas between', list, ['wasm', 'webgpu'])
  .option('--repetitions <COUNT>', 'measurements of each', count, 7)
  .action(async (options: { json?: string; backends: string[]; repetitions: number }) => {
    const report = await runOps(options.backends, options.repetitions, progress);
    progress('');
    console.log(printOps(report));
    await save(options.json, report);
  });

/** Those entries of options that the pattern has. */
function pick<T extends object>(options: object, pattern: T): Partial<T> {
  return Object.fromEntries(Object.entries(options).filter(([key]) => key in pattern)) as Partial<T>;
}

function chosen<T extends { id: string }>(all: T[], only?: string[]): T[] {
  if (!only) return all;
  const unknown = only.filter((id) => !all.some((one) => one.id.startsWith(id)));
  if (unknown.length) {
    program.error(
      `There is no contender ${unknown.join(', ')}. Known: ${all.map(({ id }) => id).join(', ')}.`,
    );
  }
  return all.filter((one) => only.some((id) => one.id.startsWith(id)));
}

/** One line that is overwritten, where someone watches. */
function progress(message: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${message}`);
}

async function save(file: string | undefined, report: object): Promise<void> {
  if (file) await writeFile(file, `${JSON.stringify(report, null, 2)}\n`);
}

try {
  await program.parseAsync();
} catch (error) {
  progress('');
  console.error(`error: ${(error as Error).message}`);
  process.exitCode = 1;
}
