import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { contractChecks, openPlaces } from '@unitsphere/contract';
import { Command, InvalidArgumentError, Option } from 'commander';
import { Progress } from 'unitsphere';
import { type AgreementReport, joinAgreement, runAgreement } from './agreement/run-agreement.js';
import { type Arm, runArms } from './arms/run-arms.js';
import { type CardModelOptions, runCardModel } from './card-model/run-card-model.js';
import { type HardSetOptions, writeHardSet } from './card-model/write-hard-set.js';
import { type ImageSetSize, makeImages } from './data/make-images.js';
import { type DataBenchOptions, type DataReport, joinData, runData } from './data/run-data.js';
import {
  FORMATS,
  joinLargeSet,
  type LargeSetOptions,
  type LargeSetReport,
  runLargeSet,
} from './data/run-large-set.js';
import { runFindings } from './findings/run-findings.js';
import { type FirstLossesOptions, runFirstLosses } from './first-losses/run-first-losses.js';
import { type GalleryBenchOptions, runGallery } from './gallery/run-gallery.js';
import { type IdentitiesOptions, runIdentities } from './identities/run-identities.js';
import {
  ENGINE_NETWORKS,
  type EnginesOptions,
  type EnginesReport,
  runEngines,
} from './inference/run-engines.js';
import { type InferenceBenchOptions, runInference } from './inference/run-inference.js';
import { type CoverageOptions, runCoverage } from './interval-coverage/run-coverage.js';
import { DEFAULT_PACE, type Pace } from './measure/interleave.js';
import { runMemory, SETTLING_STEPS } from './memory/run-memory.js';
import { type MpiBenchOptions, runMpi } from './mpi/run-mpi.js';
import { type MpiTrainingOptions, runMpiTraining } from './mpi/run-mpi-training.js';
import { type OneShotOptions, runOneShot } from './one-shot/run-one-shot.js';
import { type SplitOptions, splitAlphabets } from './one-shot/split-alphabets.js';
import { runOps } from './ops/run-ops.js';
import { type PairLossesOptions, runPairLosses } from './pair-losses/run-pair-losses.js';
import type { Part, PartialFCReport } from './partial-fc/partial-fc-report.js';
import { runPartialFC } from './partial-fc/run-partial-fc.js';
import { runPrecision } from './precision/run-precision.js';
import { type PrecisionLossesOptions, runPrecisionLosses } from './precision/run-precision-losses.js';
import { GRAPHICS_CARDS } from './profile/graphics-cards.js';
import { runGpuProfile } from './profile/run-gpu-profile.js';
import { PROFILED_BACKENDS, type ProfiledBackend, runProfile } from './profile/run-profile.js';
import { type QuantizationOptions, runQuantization } from './quantization/run-quantization.js';
import { print, writeTables } from './readme.js';
import { type RecognitionBenchOptions, runRecognition } from './recognition/run-recognition.js';
import { createStepContenders } from './step/contenders.js';
import { runStep } from './step/run-step.js';
import { runSweep, type SweepReport } from './step/run-sweep.js';
import { selectContenders } from './step/select-contenders.js';
import { DEFAULT_WORKLOAD, type Workload } from './step/workload.js';
import { runVerification, type VerificationBenchOptions } from './verification/run-verification.js';

const program = new Command('npm run bench --')
  .description('Measures unitsphere on this machine, and compares it with PyTorch and stock TensorFlow.js.')
  .showHelpAfterError();

const json = [
  '--json <FILE>',
  'write the report with all figures, the machine and the repetitions to a JSON file',
] as const;
const only = [
  '--only <IDS>',
  'comma-separated ids of the contenders; a prefix selects all ids that start with it',
  parseList,
] as const;

addWorkloadOptions(program.command('step'))
  .description(
    'Times one training step by backend and replicas, without data loading. Compares with PyTorch and stock kernels.',
  )
  .option(...json)
  .option(...only)
  .option('--sweep', 'compare ours with PyTorch over several batch sizes, image sizes and widths')
  .option(
    '--rows <NAMES>',
    'comma-separated rows of the sweep to measure; the others stay as in --json',
    parseList,
  )
  .option('--rounds <COUNT>', 'number of turns of each contender', parseCount, DEFAULT_PACE.rounds)
  .option('--turn-seconds <SECONDS>', 'length of a turn in seconds', parsePositive, DEFAULT_PACE.turnSeconds)
  .action(async (options: StepOptions) => {
    const workload = { ...DEFAULT_WORKLOAD, ...pick(options, DEFAULT_WORKLOAD) };
    const pace = { ...DEFAULT_PACE, ...pick(options, DEFAULT_PACE) };
    await showReport(
      options.sweep
        ? await runSweep(
            workload,
            pace,
            { ...options, earlier: options.rows && (await readEarlier<SweepReport>(options.json)) },
            showProgress,
          )
        : await runStep(
            selectContenders(createStepContenders(workload), options.only),
            workload,
            pace,
            showProgress,
          ),
      options.json,
    );
  });

interface StepOptions extends Partial<Pace>, Partial<Workload> {
  json?: string;
  only?: string[];
  sweep?: boolean;
  rows?: string[];
}

addWorkloadOptions(program.command('profile'))
  .description(
    'Measures the time of each kernel in that step, with one replica. On webgpu, counts its commands instead.',
  )
  .option(...json)
  .addOption(
    new Option('--backend <NAME>', 'backend to profile')
      .choices([...PROFILED_BACKENDS, 'webgpu'])
      .default('wasm'),
  )
  .option('--steps <COUNT>', 'number of measured steps; default: 100, on webgpu 2', parseCount)
  .addOption(
    new Option('--card <NAME>', 'graphics card to compute the least times for')
      .choices(Object.keys(GRAPHICS_CARDS))
      .default('rtx-4090'),
  )
  .option('--launch-us <MICROSECONDS>', 'assumed time of one dispatch on the card', parsePositive, 5)
  .action(async ({ json: file, backend, card, launchUs, steps, ...options }: ProfileOptions) => {
    const workload = { ...DEFAULT_WORKLOAD, ...pick(options, DEFAULT_WORKLOAD) };
    await showReport(
      backend === 'webgpu'
        ? await runGpuProfile(
            workload,
            { steps: steps ?? 2, card, launchMicroseconds: launchUs },
            showProgress,
          )
        : await runProfile(workload, backend, steps ?? 100, showProgress),
      file,
    );
  });

interface ProfileOptions extends Partial<Workload> {
  json?: string;
  backend: ProfiledBackend | 'webgpu';
  steps?: number;
  card: string;
  launchUs: number;
}

program
  .command('ops')
  .description(
    'Times each operation at shapes of that step. Compares with stock kernels and the limits of the machine.',
  )
  .option(...json)
  .option('--backends <NAMES>', 'comma-separated names of backends', parseList, ['wasm', 'webgpu'])
  .option('--repetitions <COUNT>', 'number of measurements of each operation', parseCount, 7)
  .action(async (options: { json?: string; backends: string[]; repetitions: number }) => {
    await showReport(await runOps(options.backends, options.repetitions, showProgress), options.json);
  });

addWorkloadOptions(program.command('memory'))
  .description('Checks whether memory stays flat over many training steps.')
  .option(...json)
  .option(...only)
  .option('--steps <COUNT>', `number of steps; measured after the first ${SETTLING_STEPS}`, parseCount, 2000)
  .action(async (options: Partial<Workload> & { json?: string; only?: string[]; steps: number }) => {
    if (options.steps <= SETTLING_STEPS) {
      program.error(
        `--steps must be more than ${SETTLING_STEPS}, because the first measurement is made after ${SETTLING_STEPS} steps.`,
      );
    }
    const workload = { ...DEFAULT_WORKLOAD, ...pick(options, DEFAULT_WORKLOAD) };
    const chosen = selectContenders(createStepContenders(workload), options.only ?? ['unitsphere']);
    const report = await runMemory(chosen, workload, options.steps, showProgress);
    await showReport(report, options.json);
    if (report.contenders.some(({ flat }) => !flat)) process.exitCode = 1;
  });

program
  .command('identities')
  .description(
    'Compares PartialFC with the full softmax in whole trainings: recognition of held-out documents, and time in the loss.',
  )
  .option(...json)
  .option('--identities <COUNT>', 'number of generated documents', parseCount, 50_000)
  .option('--sampled-classes <COUNT>', 'number of classes that PartialFC samples in a step', parseCount, 1000)
  .option('--seeds <COUNT>', 'number of seeds for each training', parseCount, 3)
  .option('--runs <DIR>', 'folder of the trainings; finished ones are reused', 'runs/identities')
  .option(
    '--set <KEY=VALUE...>',
    'change a setting of configs/many-documents.yaml, the config of the trainings',
  )
  .action(async ({ json: file, set = [], ...options }: IdentitiesOptions & { json?: string }) => {
    await showReport(await runIdentities({ ...options, set }, showProgress), file);
  });

program
  .command('partial-fc')
  .description(
    'Times a step with sampled classes: as the number of classes in a file grows, and compared with the full softmax and PyTorch.',
  )
  .option(...json)
  .addOption(
    new Option('--only <PART>', 'run only one of the two parts; the other stays as in --json').choices([
      'classes',
      'rate',
    ]),
  )
  .option('--contenders <IDS>', 'comma-separated contenders of the part rate, such as pytorch', parseList)
  .option('--folder <FOLDER>', 'folder for the center files, on the disk to measure', tmpdir())
  .option('--rounds <COUNT>', 'number of turns of each contender', parseCount, DEFAULT_PACE.rounds)
  .option('--turn-seconds <SECONDS>', 'length of a turn in seconds', parsePositive, DEFAULT_PACE.turnSeconds)
  .action(async ({ json: file, only, folder, contenders, ...options }: PartialFCCommand) => {
    const pace = { ...DEFAULT_PACE, ...pick(options, DEFAULT_PACE) };
    const earlier = only && (await readEarlier<PartialFCReport>(file));
    const parts: Part[] = only ? [only] : ['classes', 'rate'];
    const report = await runPartialFC({ parts, folder, pace, contenders, earlier }, showProgress);
    await showReport(report, file);
  });

interface PartialFCCommand extends Partial<Pace> {
  json?: string;
  only?: Part;
  folder: string;
  contenders?: string[];
}

program
  .command('agreement')
  .description(
    'Compares the results of every backend in Node and in Chromium with those of cpu, by operation and layer.',
  )
  .option(...json)
  .option(
    '--places <NAMES>',
    'comma-separated parts of the names of places to compare; the others stay as in --json',
    parseList,
  )
  .action(async ({ json: file, places: names }: { json?: string; places?: string[] }) => {
    const places = await openPlaces();
    try {
      const earlier = names && (await readEarlier<AgreementReport>(file));
      const present = places.present.filter(
        ({ name }) => !names || names.some((part) => name.includes(part)),
      );
      const measured = await runAgreement({ ...places, present }, contractChecks, showProgress);
      const report = earlier ? joinAgreement(earlier, measured) : measured;
      await showReport(report, file);
      if (report.problems.length > 0) process.exitCode = 1;
    } finally {
      await places.close();
    }
  });

program
  .command('first-losses')
  .description(
    'Compares the first losses of `unitsphere train` on each backend with those on wasm, with the same seed.',
  )
  .option(...json)
  .option(...only)
  .option('--data <DIR>', 'folder of cards to train on, in addition to the generated documents')
  .option('--lr <RATES>', 'comma-separated learning rates; default: those of the configs', parseRates, [])
  .option('--steps <COUNT>', 'number of losses', parseCount, 50)
  .option('--set <KEY=VALUE...>', 'change a setting of the configs')
  .action(async ({ json: file, ...options }: FirstLossesOptions & { json?: string }) => {
    await showReport(await runFirstLosses(options, showProgress), file);
  });

addWorkloadOptions(program.command('precision'))
  .description('Compares speed and memory of a training step in lower precision with float32, by backend.')
  .option(...json)
  .option('--backends <NAMES>', 'comma-separated names of backends', parseList, ['wasm', 'webgpu'])
  .option('--rounds <COUNT>', 'number of turns of each contender', parseCount, DEFAULT_PACE.rounds)
  .option('--turn-seconds <SECONDS>', 'length of a turn in seconds', parsePositive, DEFAULT_PACE.turnSeconds)
  .action(async ({ json: file, backends, ...options }: StepOptions & { backends: string[] }) => {
    const workload = { ...DEFAULT_WORKLOAD, ...pick(options, DEFAULT_WORKLOAD) };
    const pace = { ...DEFAULT_PACE, ...pick(options, DEFAULT_PACE) };
    await showReport(await runPrecision(backends, workload, pace, showProgress), file);
  });

program
  .command('precision-losses')
  .description('Compares the final losses of trainings in lower precision with float32, by backend.')
  .option(...json)
  .option('--backends <NAMES>', 'comma-separated names of backends', parseList, ['wasm', 'webgpu'])
  .option('--steps <COUNT>', 'number of steps of a training', parseCount, 300)
  .option('--seeds <COUNT>', 'number of trainings on each backend in each mode', parseCount, 3)
  .option('--set <KEY=VALUE...>', 'change a setting of configs/documents.yaml, the config of the trainings')
  .action(async ({ json: file, ...options }: PrecisionLossesOptions & { json?: string }) => {
    await showReport(await runPrecisionLosses(options, showProgress), file);
  });

program
  .command('verification')
  .description(
    "Times the verification of all pairs of embeddings. Compares with PyTorch's product and scikit-learn's ROC curve.",
  )
  .option(...json)
  .option('--rows <COUNTS>', 'comma-separated numbers of embeddings', parseCounts, [20_000, 100_000])
  .option('--dimensions <COUNT>', 'dimensions of an embedding', parseCount, 256)
  .option(
    '--rounds <COUNT>',
    'number of turns of each contender; one for sizes without a peer',
    parseCount,
    3,
  )
  .option('--threads <COUNT>', 'number of threads; default: one per core', parseCount)
  .option(
    '--checkpoint <FILE>',
    'save the progress to this file and resume from it; requires a single number of rows',
  )
  .action(async ({ json: file, ...options }: VerificationBenchOptions & { json?: string }) => {
    await showReport(await runVerification(options, showProgress), file);
  });

program
  .command('pair-losses')
  .description(
    'Times the forward pass and the gradient of every pair and proxy loss, with and without a cross-batch memory. Compares with pytorch-metric-learning.',
  )
  .option(...json)
  .option('--losses <NAMES>', 'comma-separated names of the registry; default: all', parseList)
  .option('--batches <COUNTS>', 'comma-separated batch sizes', parseCounts, [64, 128, 256, 512, 1024])
  .option('--rounds <COUNT>', 'number of turns of each contender', parseCount, 3)
  .option('--turn-seconds <SECONDS>', 'length of a turn in seconds', parsePositive, 0.3)
  .option('--peer-threads <COUNT>', "threads of PyTorch; default: PyTorch's own choice", parseCount)
  .option('--update <FILE>', 'JSON report whose other rows are kept')
  .action(async ({ json: file, ...options }: PairLossesOptions & { json?: string }) => {
    const save = (report: object) =>
      file ? writeFile(file, `${JSON.stringify(report, null, 2)}\n`) : Promise.resolve();
    await showReport(await runPairLosses(options, showProgress, save), file);
  });

program
  .command('split-alphabets')
  .description('Copies alphabets of Omniglot into the folders train and test of a new folder.')
  .argument('<DIR>', 'the new folder')
  .requiredOption('--data <DIR>', 'folder of alphabets: ALPHABET/CHARACTER/NUMBER_DRAWER.png')
  .option('--held-out <COUNT>', 'number of alphabets for test', parseCount, 6)
  .option(
    '--rotations',
    'add each training character turned by 90, 180 and 270 degrees, as classes of their own',
  )
  .option('--seed <NUMBER>', 'seed of the choice', parseCount, 1)
  .action(async (directory: string, options: SplitOptions) => {
    console.log(`test: ${(await splitAlphabets(directory, options)).join(', ')}`);
  });

program
  .command('one-shot')
  .description(
    'Classifies characters of unseen alphabets from one drawing each, by the within-alphabet protocol of Omniglot.',
  )
  .argument('<MODELS...>', 'runs, checkpoints or model folders; several seeds of one config give an interval')
  .option(...json)
  .requiredOption('--data <DIR>', 'folder of alphabets that the models have not seen')
  .option('--ways <COUNT>', 'characters of a trial', parseCount, 20)
  .option('--trials <COUNT>', 'trials of each alphabet', parseCount, 40)
  .option('--seed <NUMBER>', 'seed of the trials', parseCount, 1)
  .option('--trials-file <FILE>', 'write the drawn trials to a text file')
  .action(
    async (
      models: string[],
      { json: file, ...options }: Omit<OneShotOptions, 'models'> & { json?: string },
    ) => {
      await showReport(await runOneShot({ ...options, models }, showProgress), file);
    },
  );

program
  .command('gallery')
  .description('Times the search of galleries, one query at a time. Compares with numpy and usearch.')
  .option(...json)
  .option('--rows <COUNTS>', 'comma-separated numbers of embeddings', parseCounts, [20_000, 100_000])
  .option('--dimensions <COUNT>', 'dimensions of an embedding', parseCount, 256)
  .option('--queries <COUNT>', 'number of queries', parseCount, 40)
  .option('--k <COUNT>', 'number of matches of a query', parseCount, 5)
  .option('--graph-rows <COUNT>', "largest gallery that usearch's graph is built for", parseCount, 20_000)
  .action(async ({ json: file, ...options }: GalleryBenchOptions & { json?: string }) => {
    await showReport(await runGallery(options, showProgress), file);
  });

program
  .command('recognition')
  .description(
    'Counts strangers that calibrated galleries accept, and measures the recognition of cards with one enrolled picture each.',
  )
  .option(...json)
  .requiredOption('--model <MODEL>', 'a run, a checkpoint, a model folder, a URL or a model of the hub')
  .option('--data <DIR>', 'folder of cards; each file is one identity')
  .option('--documents <COUNT>', 'number of generated documents', parseCount, 4000)
  .option('--copies <COUNT>', 'augmented copies of each card', parseCount, 8)
  .option('--seeds <COUNT>', 'number of galleries of each size', parseCount, 10)
  .action(async ({ json: file, ...options }: RecognitionBenchOptions & { json?: string }) => {
    await showReport(await runRecognition(options, showProgress), file);
  });

program
  .command('export-latency')
  .description(
    'Times the embedding of one image on one thread, and that of the exported ONNX files in each precision on onnxruntime-node.',
  )
  .option(...json)
  .option('--backbones <NAMES>', 'comma-separated names', parseList, ['lcnet_050', 'resnet18'])
  .option('--image-size <PIXELS>', 'side of the image', parseCount, 128)
  .option('--rounds <COUNT>', 'number of turns of each contender', parseCount, DEFAULT_PACE.rounds)
  .option('--turn-seconds <SECONDS>', 'length of a turn in seconds', parsePositive, DEFAULT_PACE.turnSeconds)
  .action(async ({ json: file, ...options }: InferenceBenchOptions & { json?: string }) => {
    await showReport(await runInference(options, showProgress), file);
  });

program
  .command('inference')
  .description(
    'Times batches of pixels on compiled networks, on WebAssembly and natively, beside onnxruntime-web and onnxruntime-node.',
  )
  .option(...json)
  .option(
    '--networks <NAMES>',
    'comma-separated backbones with their image sizes',
    parseList,
    ENGINE_NETWORKS,
  )
  .option('--batches <COUNTS>', 'comma-separated batch sizes', parseCounts, [1, 16, 32])
  .option('--threads <COUNT>', 'threads of each engine', parseCount, 1)
  .option('--rounds <COUNT>', 'number of turns of each engine', parseCount, 5)
  .option('--turn-seconds <SECONDS>', 'length of a turn in seconds', parsePositive, 0.5)
  .option('--append', 'keep the rows of --json that are not measured')
  .action(
    async ({ json: file, append, ...options }: EnginesOptions & { json?: string; append?: boolean }) => {
      const earlier = append ? await readEarlier<EnginesReport>(file) : undefined;
      await showReport(await runEngines({ ...options, earlier }, showProgress), file);
    },
  );

program
  .command('quantization')
  .description(
    "Measures what float16 and int8 cost in accuracy on images that a model was not trained on, beside onnxruntime's quantize_static.",
  )
  .option(...json)
  .requiredOption('--data <DIR>', 'folder of test images, each of which is one identity')
  .option('--model <MODEL>', 'run, checkpoint or model folder', 'document-small')
  .option('--name <TEXT>', "what the table calls the model; default: the folder's name")
  .option('--identities <FILE>', "a run's identities.json, whose test identities are measured; default: all")
  .option('--calibration <DIR>', 'folder of calibration images; default: generated documents')
  .option('--images <COUNT>', 'number of calibration images', parseCount, 128)
  .option('--seeds <COUNT>', 'number of augmentations of the test images', parseCount, 3)
  .action(async ({ json: file, ...options }: QuantizationOptions & { json?: string }) => {
    await showReport(await runQuantization(options, showProgress), file);
  });

program
  .command('mpi')
  .description(
    'Times the all-reduce of @unitsphere/mpi beside MPI_Allreduce in C, on processes of this machine.',
  )
  .option(...json)
  .addOption(
    new Option('--library <NAME>', 'the MPI library').choices(['openmpi', 'mpich']).default('openmpi'),
  )
  .option('--ranks <COUNT>', 'number of processes', parseCount, 2)
  .option('--rounds <COUNT>', 'number of turns of each', parseCount, 5)
  .action(async ({ json: file, ...options }: MpiBenchOptions & { json?: string }) => {
    await showReport(await runMpi(options), file);
  });

program
  .command('mpi-training')
  .description(
    'Times the training step on 2 processes beside 2 threads, and predicts it for up to 64 hosts. --two-hosts also measures two network namespaces.',
  )
  .option(...json)
  .addOption(
    new Option('--library <NAME>', 'the MPI library').choices(['openmpi', 'mpich']).default('openmpi'),
  )
  .option('--rounds <COUNT>', 'number of trainings of each', parseCount, 5)
  .option('--steps <COUNT>', 'steps of each training that are counted', parseCount, 30)
  .option('--backbone <NAME>', 'the network', 'lcnet_100')
  .option('--image-size <PIXELS>', 'width and height of the images', parseCount, 64)
  .option('--batch <IMAGES>', 'images of a batch', parseCount, 32)
  .option('--two-hosts', 'also measure two network namespaces; requires root and Open MPI', false)
  .action(async ({ json: file, ...options }: MpiTrainingOptions & { json?: string }) => {
    await showReport(await runMpiTraining(options, showProgress), file);
  });

program
  .command('coverage')
  .description(
    'Counts how often intervals of packages/verification contain the true value, on data where it is known in closed form.',
  )
  .option(...json)
  .option('--draws <COUNT>', 'number of samples of each size', parseCount, 1000)
  .option('--resamples <COUNT>', 'number of resamples of the bootstrap', parseCount, 300)
  .option('--identities <COUNTS>', 'comma-separated sizes of the samples', parseCounts, [40, 100, 200])
  .action(async ({ json: file, ...options }: CoverageOptions & { json?: string }) => {
    await showReport(await runCoverage(options, showProgress), file);
  });

program
  .command('fine-tune')
  .description(
    'Compares training from pretrained weights with training from scratch: recognition of held-out cards after the same steps.',
  )
  .option(...json)
  .requiredOption('--data <DIR>', 'folder of images; each file or subfolder is one identity')
  .requiredOption('--weights <FILE>', 'weights of the backbone, as for model.pretrained')
  .option('--backbone <NAME>', 'backbone of the weights', 'tf_efficientnet_lite0')
  .option('--shipped', 'also train from document-small, and give the other networks its architecture')
  .option('--seeds <COUNT>', 'number of seeds for each training', parseCount, 3)
  .option('--runs <DIR>', 'folder of the trainings; finished ones are reused', 'runs/fine-tune')
  .option('--set <KEY=VALUE...>', 'change a setting of configs/fine-tune.yaml, the config of the trainings')
  .action(async (given: FineTuneOptions) => {
    const { json: file, seeds, runs, set = [], data, weights, backbone, shipped } = given;
    const arms: Arm[] = [
      { id: 'scratch', label: 'random weights', settings: ['optimizer.layerDecay=1'] },
      {
        id: 'pretrained',
        label: 'pretrained weights',
        settings: [`model.pretrained=${weights}`],
      },
    ];
    const common = [`data.path=${data}`, `model.backbone=${backbone}`, ...set];
    if (shipped) {
      common.push('model.outIndex=3', 'model.squeezeRatio=0.125');
      arms.push({
        id: 'document-small',
        label: 'document-small',
        settings: [
          'model.pretrained=document-small',
          'loss.centerInit=imprinted',
          'optimizer.centersLrScale=0.2',
        ],
      });
    }
    const options = { arms, seeds, runs, set: common, config: 'configs/fine-tune.yaml' };
    await showReport(await runArms({ ...options, benchmark: 'fine-tune' }, showProgress), file);
  });

interface FineTuneOptions {
  json?: string;
  seeds: number;
  runs: string;
  set?: string[];
  data: string;
  weights: string;
  backbone: string;
  shipped?: boolean;
}

program
  .command('distillation')
  .description(
    'Compares training with and without a teacher, by several losses: recognition of held-out images after the same steps.',
  )
  .option(...json)
  .requiredOption('--data <DIR>', 'folder of images; each file or subfolder is one identity')
  .requiredOption(
    '--teacher <YAML>',
    'teacher, as for distillation.teacher: { clip: ViT-B-32-quickgelu, weights: FILE }',
  )
  .option(
    '--distill <YAML...>',
    'settings of distillation, each compared with a training without a teacher',
    ['loss: reference', 'loss: kl, weight: 1', 'loss: cosine, weight: 3', 'loss: rkd-distance, weight: 3'],
  )
  .option(
    '--batch <HALVES>',
    'as for distillation.batch; augmented is as fast as a training without a teacher',
    'augmented',
  )
  .option('--seeds <COUNT>', 'number of seeds for each training', parseCount, 3)
  .option('--runs <DIR>', 'folder of the trainings; finished ones are reused', 'runs/distillation')
  .option(
    '--set <KEY=VALUE...>',
    'change a setting of configs/distillation.yaml, the config of the trainings',
  )
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
    await showReport(await runArms({ ...options, benchmark: 'distillation' }, showProgress), file);
  });

program
  .command('replicas')
  .description(
    'Compares trainings on one replica with trainings on two, with batch norm over their own images and over all images.',
  )
  .option(...json)
  .option('--seeds <COUNT>', 'number of seeds for each training', parseCount, 3)
  .option('--runs <DIR>', 'folder of the trainings; finished ones are reused', 'runs/replicas')
  .option('--set <KEY=VALUE...>', 'change a setting of configs/documents.yaml, the config of the trainings')
  .action(async ({ json: file, seeds, runs, set = [] }: ReplicasOptions) => {
    const two = ['training.replicas=2'];
    const arms: Arm[] = [
      { id: 'one', label: 'one replica', settings: ['training.replicas=1'] },
      { id: 'two', label: 'two replicas', settings: two },
      {
        id: 'two-synchronized',
        label: 'two replicas, synchronized batch norm',
        settings: [...two, 'training.syncBatchNorm=true'],
      },
    ];
    const small = ['data.identities=400', 'data.imageSize=64', 'training.steps=200', 'training.logEvery=1'];
    const options = { arms, seeds, runs, set: [...small, ...set], config: 'configs/documents.yaml' };
    await showReport(await runArms({ ...options, benchmark: 'replicas' }, showProgress), file);
  });

interface ReplicasOptions {
  json?: string;
  seeds: number;
  runs: string;
  set?: string[];
}

interface DistillationOptions extends Omit<FineTuneOptions, 'weights' | 'backbone'> {
  teacher: string;
  distill: string[];
  batch: string;
}

program
  .command('card-model')
  .description(
    'Evaluates networks on real cards that they were not trained on: on all of them, without copies of a picture, and on a hard set.',
  )
  .argument(
    '<NETWORKS...>',
    'folders of runs or models, document-small, or BACKBONE@SIDE=WEIGHTS: the pooled last map with published weights',
  )
  .option(...json)
  .requiredOption('--data <DIR>', 'folder of cards; each file is one identity')
  .option('--hard-set <DIR>', 'folder that `bench hard-set` wrote')
  .action(
    async (
      networks: string[],
      { json: file, ...options }: Omit<CardModelOptions, 'networks'> & { json?: string },
    ) => {
      await showReport(await runCardModel({ ...options, networks }, new Progress({ totalSteps: 0 })), file);
    },
  );

program
  .command('hard-set')
  .description(
    'Writes generated photographs of cards and documents: in clutter, with glare, tilted by up to 30°, covered by up to 20 %.',
  )
  .argument('<DIR>', 'folder to write to')
  .requiredOption('--photographs <DIR>', 'folder of photographs for the cards and the clutter')
  .option('--pictures <NAMES>', 'comma-separated icon collections, as for data.pictures', parseList)
  .option('--identities <COUNT>', 'number of cards and documents', parseCount, 300)
  .option('--side <PIXELS>', 'side of the images in pixels', parseCount, 256)
  .action(async (directory: string, options: HardSetOptions) => {
    await writeHardSet(directory, options, showProgress);
    showProgress('');
  });

program
  .command('data')
  .description(
    "Measures how many images a core decodes and augments in a second. Compares with PyTorch's DataLoader on torchvision and on Albumentations.",
  )
  .option(...json)
  .option('--sizes <PIXELS>', 'comma-separated sides of the images', parseCounts, [112, 128, 224])
  .option('--append', 'keep the rows of other sizes in --json')
  .option('--folder <DIR>', 'folder for the files, which a later run reuses (default: a temporary one)')
  .option('--rounds <COUNT>', 'number of turns of each contender', parseCount, 5)
  .option('--turn-seconds <SECONDS>', 'length of a turn in seconds', parsePositive, 1)
  .action(
    async ({ json: file, append, ...options }: DataBenchOptions & { json?: string; append?: boolean }) => {
      const earlier = append ? await readEarlier<DataReport>(file) : undefined;
      const report = await runData(options, showProgress);
      await showReport(earlier ? joinData(earlier, report) : report, file);
    },
  );

program
  .command('large-set')
  .description(
    'Trains on 500,000 images of 20,000 identities from a folder, a RecordIO file and a tar file: peak memory, and whether the losses are the same.',
  )
  .argument('<DIR>', 'folder for the images, archives and runs; what it contains is reused')
  .option(...json)
  .option('--identities <COUNT>', 'number of identities', parseCount, 20_000)
  .option('--images <COUNT>', 'images of each identity', parseCount, 25)
  .option('--side <PIXELS>', 'side of the images', parseCount, 64)
  .option('--steps <COUNT>', 'number of training steps', parseCount, 100)
  .option('--set <KEY=VALUE...>', 'change a setting of the trainings', [])
  .addOption(
    new Option('--formats <NAMES...>', 'formats to train on').choices([...FORMATS]).default([...FORMATS]),
  )
  .option('--append', 'keep the rows of other formats in --json')
  .action(async (dir: string, { json: file, append, ...options }: LargeSetCommand) => {
    const earlier = append ? await readEarlier<LargeSetReport>(file) : undefined;
    const report = await runLargeSet(dir, options, showProgress);
    await showReport(earlier ? joinLargeSet(earlier, report) : report, file);
  });

type LargeSetCommand = LargeSetOptions & { json?: string; append?: boolean };

program
  .command('make-images')
  .description(
    'Writes small JPEG files of many identities, to try trainings on large sets: 500,000 images of 20,000 identities by default.',
  )
  .argument('<DIR>', 'the folder for the images')
  .option('--identities <COUNT>', 'number of identities', parseCount, 20_000)
  .option('--images <COUNT>', 'images of each identity', parseCount, 25)
  .option('--side <PIXELS>', 'side of the images', parseCount, 96)
  .action(async (dir: string, size: ImageSetSize) => {
    await makeImages(dir, size, (done) => showProgress(`${done} of ${size.identities} identities`));
    showProgress('');
  });

program
  .command('tables')
  .description('Rewrites the tables of benchmarks/README.md from benchmarks/results/*.json.')
  .action(async () => {
    const at = (path: string) => fileURLToPath(new URL(`../${path}`, import.meta.url));
    console.log(`Read ${(await writeTables(at('README.md'), at('results'))).join(', ')}.`);
  });

program
  .command('findings')
  .description(
    "Rewrites benchmarks/findings.md, the test of the reference system's nine findings, from benchmarks/results/studies/*.json.",
  )
  .action(async () => {
    const at = (path: string) => fileURLToPath(new URL(`../${path}`, import.meta.url));
    const names = await runFindings({
      studies: at('results/studies'),
      page: at('findings.md'),
      plots: at('findings'),
    });
    console.log(`Read ${names.join(', ') || 'no results'}.`);
  });

/** Adds the options of the workload. */
function addWorkloadOptions(command: Command): Command {
  return command
    .option('--backbone <NAME>', 'name of an LCNet in timm', DEFAULT_WORKLOAD.backbone)
    .option('--image-size <PIXELS>', 'side length of the images', parseCount, DEFAULT_WORKLOAD.imageSize)
    .option('--batch <IMAGES>', 'images per step', parseCount, DEFAULT_WORKLOAD.batch)
    .option('--classes <COUNT>', 'number of classes of the loss', parseCount, DEFAULT_WORKLOAD.classes);
}

function parsePositive(text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new InvalidArgumentError('Expected a number above 0.');
  return value;
}

function parseCount(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) {
    throw new InvalidArgumentError('Expected a positive integer.');
  }
  return value;
}

function parseCounts(text: string): number[] {
  return parseList(text).map(parseCount);
}

function parseRates(text: string): number[] {
  return parseList(text).map(parsePositive);
}

function parseList(text: string): string[] {
  return text.split(',');
}

/** Returns the entries of options whose keys the pattern has. */
function pick<T extends object>(options: object, pattern: T): Partial<T> {
  return Object.fromEntries(Object.entries(options).filter(([key]) => key in pattern)) as Partial<T>;
}

/** Shows progress in one line that is overwritten. Does nothing if stderr is not a terminal. */
function showProgress(message: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${message}`);
}

/** Reads a report whose rows stay if only some are measured; undefined if there is none. */
async function readEarlier<T>(file: string | undefined): Promise<T | undefined> {
  return file && existsSync(file) ? (JSON.parse(await readFile(file, 'utf8')) as T) : undefined;
}

async function showReport(report: Parameters<typeof print>[0], file?: string): Promise<void> {
  showProgress('');
  console.log(print(report));
  if (file) await writeFile(file, `${JSON.stringify(report, null, 2)}\n`);
}

try {
  await program.parseAsync();
} catch (error) {
  showProgress('');
  console.error(`error: ${(error as Error).message}`);
  process.exitCode = 1;
}
