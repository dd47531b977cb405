import { Argument, Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { RECIPES, STUDIES } from '../config/shipped.js';
import { EXIT, reportError } from './console.js';
import type { Work } from './work.js';

/** Runs the command line and gives the exit code; a command's code is loaded when it is called. */
export async function run(argv: readonly string[], version: string, work: Work): Promise<number> {
  let exitCode = 0;
  const program = createProgram(version, work, (code) => {
    exitCode = code;
  });
  try {
    await program.parseAsync(argv, { from: 'user' });
    return exitCode;
  } catch (error) {
    // Commander has printed its own: help and version with code 0, wrong use with another.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT.mistake;
    return reportError(error);
  }
}

function createProgram(version: string, work: Work, setExitCode: (code: number) => void): Command {
  const program = new Command('unitsphere')
    .description('Metric learning on documents, cards and faces, in TypeScript on TensorFlow.js.')
    .version(version)
    .exitOverride()
    .showHelpAfterError('(unitsphere --help says how)')
    .configureHelp({ sortSubcommands: false });

  program
    .command('train')
    .description('train a model; without a CONFIG, the embedded documents with the defaults')
    .argument('[CONFIG]', `a YAML file, or one that comes along: ${RECIPES.names.join(', ')}`)
    .option('--data <DIR>', 'train on the images in a folder: each file or subfolder is an identity')
    .option('--backend <NAME>', 'what computes: auto, cuda, webgpu, wasm, node or cpu')
    .option('--set <KEY=VALUE...>', 'change a setting, such as --set loss.margin=0.3')
    .option('--output <DIR>', 'the folder that holds runs')
    .option('--resume <RUN>', 'go on with a run that was stopped')
    .option(
      '--grow <RUN>',
      'begin a new run with a trained one: its weights, and its class centers beside new ones',
    )
    .addHelpText(
      'after',
      `
Examples:
  unitsphere train
  unitsphere train cards --data photos
  unitsphere train documents --set training.steps=200 --set loss.margin=0.3
  unitsphere train --resume runs/documents-20260301-140509
  unitsphere train --grow runs/cards-20260301-140509 --data more-cards`,
    )
    .action(async (config, options) =>
      setExitCode(await (await import('./train.js')).train(config, options, work)),
    );

  program
    .command('evaluate')
    .description('verify identities that were not trained on')
    .argument('<CHECKPOINT>', "a checkpoint's folder, or a run's, whose best is taken")
    .option('--data <DIR>', 'evaluate on the images in a folder; default: the images that were held out')
    .addOption(
      new Option('--identities WHICH', 'those the run has not seen (test), or all').choices(['test', 'all']),
    )
    .option('--backend <NAME>', 'what computes: auto, cuda, webgpu, wasm, node or cpu')
    .option('--json <FILE>', 'write the result to a file too')
    .action(async (checkpoint, options) =>
      setExitCode(await (await import('./evaluate.js')).evaluate(checkpoint, options, work)),
    );

  program
    .command('compare')
    .description('train the arms of a study alike, several seeds each, and say what differs')
    .argument('<STUDY>', `a YAML file, or one that comes along: ${STUDIES.names.join(', ')}`)
    .option('--seeds <COUNT>', "trainings of each arm, in place of the study's", wholeNumber)
    .option('--jobs <COUNT>', 'runs at once; default: one a core', wholeNumber)
    .option('--data <DIR>', 'the images in a folder, in every arm')
    .option('--set <KEY=VALUE...>', 'change a setting of every arm, such as --set training.batchSize=32')
    .option(
      '--weights <MODEL=FILE...>',
      'a file in the place of a model of the hub that the study names, to work offline',
    )
    .option('--output <DIR>', 'the folder that holds the runs and the report; default: runs/STUDY')
    .option('--report', 'train nothing: write the report of what there is')
    .addHelpText(
      'after',
      `
Start it again after Ctrl-C or a crash: runs that are finished are not made again, others go on.

Examples:
  unitsphere compare studies/norms.yaml
  unitsphere compare studies/norms.yaml --seeds 5
  unitsphere compare studies/norms.yaml --data cards --output runs/norms-on-cards
  unitsphere compare pretrained --weights timm/lcnet_050.ra2_in1k=lcnet_050.safetensors`,
    )
    .action(async (study, options) =>
      setExitCode(await (await import('./compare.js')).compare(study, options, work)),
    );

  program
    .command('report')
    .description("write a finished run's report.html anew")
    .argument('<RUN>', "the run's folder")
    .action(async (path) => setExitCode(await (await import('./report.js')).report(path, work)));

  const backend = program
    .command('backend')
    .description("install TensorFlow's own library as a backend: node on the CPU, cuda on NVIDIA GPUs");
  backend
    .command('install')
    .description("build it into the user's cache folder; needs a C++ compiler, and pip or a way to PyPI")
    .addArgument(new Argument('<BACKEND>', 'node or cuda').choices(['node', 'cuda']))
    .option('--force', 'build it anew')
    .option('--wheel <FILE>', 'use this wheel of tensorflow or tensorflow-cpu instead of downloading one')
    .option('--without-gpu', 'cuda: install for another machine, which has the GPU')
    .action(async (name, options) => (await import('./backend.js')).installBackend(name, options));

  program
    .command('doctor')
    .description('say whether this machine can train, and what is missing')
    .option('--json', 'as JSON')
    .action(async (options) => setExitCode(await (await import('./doctor.js')).doctor(options)));

  return program;
}

function wholeNumber(text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1)
    throw new InvalidArgumentError('Expected a whole number above 0.');
  return number;
}
