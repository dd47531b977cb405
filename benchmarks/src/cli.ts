import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { allPlaces, contractChecks } from '@unitsphere/contract';
import { Command, InvalidArgumentError, Option } from 'commander';
import { runAgreement } from './agreement/run-agreement.js';
import { runArms } from './arms/run-arms.js';
import { runFindings } from './findings/run-findings.js';
import { type FirstLossesOptions, runFirstLosses } from './first-losses/run-first-losses.js';
import { type IdentitiesOptions, runIdentities } from './identities/run-identities.js';
import { type CoverageOptions, runCoverage } from './interval-coverage/run-coverage.js';
import { DEFAULT_PACE, type Pace } from './measure/interleave.js';
import { runMemory, SETTLING_STEPS } from './memory/run-memory.js';
import { runOps } from './ops/run-ops.js';
import { type Part, runPartialFC } from './partial-fc/run-partial-fc.js';
import { runPrecision } from './precision/run-precision.js';
import { type PrecisionLossesOptions, runPrecisionLosses } from './precision/run-precision-losses.js';
import { runProfile } from './profile/run-profile.js';
import { print, writeTables } from './readme.js';
import { chooseContenders } from './step/choose-contenders.js';
import { stepContenders } from './step/contenders.js';
import { runStep } from './step/run-step.js';
import { runSweep } from './step/run-sweep.js';
import { DEFAULT_WORKLOAD, type Workload } from './step/workload.js';
import { runVerification, type VerificationBenchOptions } from './verification/run-verification.js';

const program = new Command('npm run bench --')
  .description('Measures unitsphere on this machine, beside PyTorch and stock TensorFlow.js.')
  .showHelpAfterError();

const json = [
  '--json <FILE>',
  'write every figure with the machine, the repetitions and their spread',
] as const;
const only = [
  '--only <IDS>',
  'who takes part, with commas between; an id also stands for those it begins',
  list,
] as const;

withWorkload(program.command('step'))
  .description('one training step, by backend and replicas, beside PyTorch and stock kernels; data excluded')
  .option(...json)
  .option(...only)
  .option('--sweep', 'ours beside PyTorch over batches, image sizes and widths')
  .option('--rounds <COUNT>', 'turns of each', count, DEFAULT_PACE.rounds)
  .option('--turn-seconds <SECONDS>', 'length of a turn', positive, DEFAULT_PACE.turnSeconds)
  .action(async (options: StepOptions) => {
    const workload = { ...DEFAULT_WORKLOAD, ...pick(options, DEFAULT_WORKLOAD) };
    const pace = { ...DEFAULT_PACE, ...pick(options, DEFAULT_PACE) };
    await show(
      options.sweep
        ? await runSweep(workload, pace, progress)
        : await runStep(chooseContenders(stepContenders(workload), options.only), workload, pace, progress),
      options.json,
    );
  });

interface StepOptions extends Partial<Pace>, Partial<Workload> {
  json?: string;
  only?: string[];
  sweep?: boolean;
}

withWorkload(program.command('profile'))
  .description('where the milliseconds of that step go, by kernel, on wasm with one replica')
  .option(...json)
  .option('--steps <COUNT>', 'that are clocked', count, 100)
  .action(async (options: Partial<Workload> & { json?: string; steps: number }) => {
    const workload = { ...DEFAULT_WORKLOAD, ...pick(options, DEFAULT_WORKLOAD) };
    await show(await runProfile(workload, options.steps, progress), options.json);
  });

program
  .command('ops')
  .description(
    'each operation at the shapes of that step, beside stock kernels and the limits of the machine',
  )
  .option(...json)
  .option('--backends <NAMES>', 'with commas between', list, ['wasm', 'webgpu'])
  .option('--repetitions <COUNT>', 'measurements of each', count, 7)
  .action(async (options: { json?: string; backends: string[]; repetitions: number }) => {
    await show(await runOps(options.backends, options.repetitions, progress), options.json);
  });

withWorkload(program.command('memory'))
  .description('whether memory stays flat over many of those steps')
  .option(...json)
  .option(...only)
  .option('--steps <COUNT>', `of which the first ${SETTLING_STEPS} settle`, count, 2000)
  .action(async (options: Partial<Workload> & { json?: string; only?: string[]; steps: number }) => {
    if (options.steps <= SETTLING_STEPS) {
      program.error(`--steps must be more than ${SETTLING_STEPS}, the steps before the first look.`);
    }
    const workload = { ...DEFAULT_WORKLOAD, ...pick(options, DEFAULT_WORKLOAD) };
    const chosen = chooseContenders(stepContenders(workload), options.only ?? ['unitsphere']);
    const report = await runMemory(chosen, workload, options.steps, progress);
    await show(report, options.json);
    if (report.contenders.some(({ flat }) => !flat)) process.exitCode = 1;
  });

program
  .command('identities')
  .description(
    'PartialFC beside the full softmax from end to end: what both reach on held-out documents, and the time in the loss',
  )
  .option(...json)
  .option('--identities <COUNT>', 'documents that the generator draws', count, 50_000)
  .option('--sampled-classes <COUNT>', 'of PartialFC', count, 1000)
  .option('--seeds <COUNT>', 'trainings of each', count, 3)
  .option('--runs <DIR>', 'where trainings are kept; finished ones are not made again', 'runs/identities')
  .option('--set <KEY=VALUE...>', "change a setting of configs/many-documents.yaml, the trainings' config")
  .action(async ({ json: file, set = [], ...options }: IdentitiesOptions & { json?: string }) => {
    await show(await runIdentities({ ...options, set }, progress), file);
  });

program
  .command('partial-fc')
  .description(
    'a step of sampled classes as the classes grow with their centers in a file, and against the full softmax and PyTorch',
  )
  .option(...json)
  .addOption(new Option('--only <PART>', 'one of the two').choices(['classes', 'rate']))
  .option('--folder <FOLDER>', 'where the files of centers are made: on the disk to be measured', tmpdir())
  .option('--rounds <COUNT>', 'turns of each', count, DEFAULT_PACE.rounds)
  .option('--turn-seconds <SECONDS>', 'length of a turn', positive, DEFAULT_PACE.turnSeconds)
  .action(async (options: Partial<Pace> & { json?: string; only?: Part; folder: string }) => {
    const pace = { ...DEFAULT_PACE, ...pick(options, DEFAULT_PACE) };
    const parts: Part[] = options.only ? [options.only] : ['classes', 'rate'];
    await show(await runPartialFC(parts, options.folder, pace, progress), options.json);
  });

program
  .command('agreement')
  .description('how far every backend, in Node and in Chromium, is from cpu, by operation and layer')
  .option(...json)
  .action(async (options: { json?: string }) => {
    const places = await allPlaces();
    try {
      const report = await runAgreement(places, contractChecks, progress);
      await show(report, options.json);
      if (report.problems.length > 0) process.exitCode = 1;
    } finally {
      await places.close();
    }
  });

program
  .command('first-losses')
  .description("how far the first losses of `unitsphere train` on each backend are from wasm's, same seed")
  .option(...json)
  .option(...only)
  .option('--data <DIR>', 'a folder of cards to train on, beside the generated documents')
  .option('--lr <RATES>', "learning rates with commas between; default: the configs' own", rates, [])
  .option('--steps <COUNT>', 'how many losses', count, 50)
  .option('--set <KEY=VALUE...>', 'change a setting of the configs')
  .action(async ({ json: file, ...options }: FirstLossesOptions & { json?: string }) => {
    await show(await runFirstLosses(options, progress), file);
  });

withWorkload(program.command('precision'))
  .description('lower precision beside float32: speed and memory of a training step, by backend')
  .option(...json)
  .option('--backends <NAMES>', 'with commas between', list, ['wasm', 'webgpu'])
  .option('--rounds <COUNT>', 'turns of each', count, DEFAULT_PACE.rounds)
  .option('--turn-seconds <SECONDS>', 'length of a turn', positive, DEFAULT_PACE.turnSeconds)
  .action(async ({ json: file, backends, ...options }: StepOptions & { backends: string[] }) => {
    const workload = { ...DEFAULT_WORKLOAD, ...pick(options, DEFAULT_WORKLOAD) };
    const pace = { ...DEFAULT_PACE, ...pick(options, DEFAULT_PACE) };
    await show(await runPrecision(backends, workload, pace, progress), file);
  });

program
  .command('precision-losses')
  .description('where trainings of lower precision end beside those of float32, by backend')
  .option(...json)
  .option('--backends <NAMES>', 'with commas between', list, ['wasm', 'webgpu'])
  .option('--steps <COUNT>', 'of a training', count, 300)
  .option('--seeds <COUNT>', 'trainings on each backend in each mode', count, 3)
  .option('--set <KEY=VALUE...>', "change a setting of configs/documents.yaml, the trainings' config")
  .action(async ({ json: file, ...options }: PrecisionLossesOptions & { json?: string }) => {
    await show(await runPrecisionLosses(options, progress), file);
  });

program
  .command('verification')
  .description("all pairs of embeddings, beside PyTorch's product and scikit-learn's ROC curve")
  .option(...json)
  .option('--rows <COUNTS>', 'embeddings, with commas between', counts, [20_000, 100_000])
  .option('--dimensions <COUNT>', 'of an embedding', count, 256)
  .option('--rounds <COUNT>', 'turns of each; one where there is no peer', count, 3)
  .option('--threads <COUNT>', 'default: one a core', count)
  .option(
    '--checkpoint <FILE>',
    'of one number of rows: what is counted so far is kept there, and gone on from',
  )
  .action(async ({ json: file, ...options }: VerificationBenchOptions & { json?: string }) => {
    await show(await runVerification(options, progress), file);
  });

program
  .command('coverage')
  .description(
    'how often the intervals of packages/verification hold the truth, where it is known in closed form',
  )
  .option(...json)
  .option('--draws <COUNT>', 'of each set', count, 1000)
  .option('--resamples <COUNT>', 'of the bootstrap', count, 300)
  .option('--identities <COUNTS>', 'sizes of the sets, with commas between', counts, [40, 100, 200])
  .action(async ({ json: file, ...options }: CoverageOptions & { json?: string }) => {
    await show(await runCoverage(options, progress), file);
  });

program
  .command('fine-tune')
  .description(
    'pretrained weights beside none at the same number of steps, on a folder of cards: held-out recognition',
  )
  .option(...json)
  .requiredOption('--data <DIR>', 'a folder of images, an identity each')
  .requiredOption('--weights <FILE>', 'of the backbone: as of model.pretrained')
  .option('--backbone <NAME>', 'that they are of', 'tf_efficientnet_lite0')
  .option('--seeds <COUNT>', 'trainings of each', count, 3)
  .option('--runs <DIR>', 'where trainings are kept; finished ones are not made again', 'runs/fine-tune')
  .option('--set <KEY=VALUE...>', "change a setting of configs/fine-tune.yaml, the trainings' config")
  .action(async ({ json: file, seeds, runs, set = [], data, weights, backbone }: FineTuneOptions) => {
    const arms = [
      { id: 'scratch', label: 'random weights', settings: ['optimizer.layerDecay=1'] },
      {
        id: 'pretrained',
        label: 'pretrained weights',
        settings: [`model.pretrained=${weights}`],
      },
    ];
    const common = [`data.path=${data}`, `model.backbone=${backbone}`, ...set];
    const options = { arms, seeds, runs, set: common, config: 'configs/fine-tune.yaml' };
    await show(await runArms({ ...options, benchmark: 'fine-tune' }, progress), file);
  });

interface FineTuneOptions {
  json?: string;
  seeds: number;
  runs: string;
  set?: string[];
  data: string;
  weights: string;
  backbone: string;
}

program
  .command('distillation')
  .description(
    "a teacher's features beside the classes alone at the same number of steps, by several losses: held-out recognition",
  )
  .option(...json)
  .requiredOption('--data <DIR>', 'a folder of images, an identity each')
  .requiredOption(
    '--teacher <YAML>',
    "as the config's distillation.teacher: { clip: ViT-B-32-quickgelu, weights: FILE }",
  )
  .option('--distill <YAML...>', 'settings of distillation, each beside a training without', [
    'loss: reference',
    'loss: kl, weight: 1',
    'loss: cosine, weight: 3',
    'loss: rkd-distance, weight: 3',
  ])
  .option('--batch <HALVES>', 'as distillation.batch; augmented costs no more than none', 'augmented')
  .option('--seeds <COUNT>', 'trainings of each', count, 3)
  .option('--runs <DIR>', 'where trainings are kept; finished ones are not made again', 'runs/distillation')
  .option('--set <KEY=VALUE...>', "change a setting of configs/distillation.yaml, the trainings' config")
  .action(async ({ json: file, seeds, runs, set = [], data, teacher, ...more }: DistillationOptions) => {
    const arms = [
      { id: 'none', label: 'classes alone', settings: [] },
      ...more.distill.map((settings) => ({
        id: settings.replace(/\w+: */g, '').replace(/[^\w.]+/g, '-'),
        label: `with a teacher, ${settings.replace('loss: ', '')}`,
        settings: [`distillation={ teacher: ${teacher}, batch: ${more.batch}, ${settings} }`],
      })),
    ];
    const options = {
      arms,
      seeds,
      runs,
      set: [`data.path=${data}`, ...set],
      config: 'configs/distillation.yaml',
    };
    await show(await runArms({ ...options, benchmark: 'distillation' }, progress), file);
  });

interface DistillationOptions extends Omit<FineTuneOptions, 'weights' | 'backbone'> {
  teacher: string;
  distill: string[];
  batch: string;
}

program
  .command('tables')
  .description('write the tables of benchmarks/README.md anew from benchmarks/results/*.json')
  .action(async () => {
    const at = (path: string) => fileURLToPath(new URL(`../${path}`, import.meta.url));
    console.log(`From ${(await writeTables(at('README.md'), at('results'))).join(', ')}.`);
  });

program
  .command('findings')
  .description(
    "write benchmarks/findings.md, what studies say of the reference system's nine findings, anew from benchmarks/results/studies/*.json",
  )
  .action(async () => {
    const at = (path: string) => fileURLToPath(new URL(`../${path}`, import.meta.url));
    const names = await runFindings({
      studies: at('results/studies'),
      page: at('findings.md'),
      plots: at('findings'),
    });
    console.log(`From ${names.join(', ') || 'no results'}.`);
  });

/** The options that say what a step is. */
function withWorkload(command: Command): Command {
  return command
    .option('--backbone <NAME>', "timm's name of an LCNet", DEFAULT_WORKLOAD.backbone)
    .option('--image-size <PIXELS>', 'a side', count, DEFAULT_WORKLOAD.imageSize)
    .option('--batch <IMAGES>', 'images a step', count, DEFAULT_WORKLOAD.batch)
    .option('--classes <COUNT>', 'classes of the loss', count, DEFAULT_WORKLOAD.classes);
}

function positive(text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new InvalidArgumentError('It must be a number above 0.');
  return value;
}

function count(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) {
    throw new InvalidArgumentError('It must be a whole number of at least 1.');
  }
  return value;
}

function counts(text: string): number[] {
  return list(text).map(count);
}

function rates(text: string): number[] {
  return list(text).map(positive);
}

function list(text: string): string[] {
  return text.split(',');
}

/** Those entries of options that the pattern has. */
function pick<T extends object>(options: object, pattern: T): Partial<T> {
  return Object.fromEntries(Object.entries(options).filter(([key]) => key in pattern)) as Partial<T>;
}

/** One line that is overwritten, where someone watches. */
function progress(message: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${message}`);
}

async function show(report: Parameters<typeof print>[0], file?: string): Promise<void> {
  progress('');
  console.log(print(report));
  if (file) await writeFile(file, `${JSON.stringify(report, null, 2)}\n`);
}

try {
  await program.parseAsync();
} catch (error) {
  progress('');
  console.error(`error: ${(error as Error).message}`);
  process.exitCode = 1;
}
