import { Argument, Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { CACHES } from '../cache/kinds.js';
import { RECIPES, STUDIES } from '../config/shipped.js';
import { INPUTS, PRECISIONS, TARGETS } from '../export/export-options.js';
import { EXIT, reportError } from './console.js';
import { addGalleryCommands } from './gallery-commands.js';
import type { Work } from './work.js';

/** Runs the command line and returns the exit code. Each command's code is loaded on demand. */
export async function run(argv: readonly string[], version: string, work: Work): Promise<number> {
  let exitCode = 0;
  const program = createProgram(version, work, (code) => {
    exitCode = code;
  });
  try {
    await program.parseAsync(argv, { from: 'user' });
    return exitCode;
  } catch (error) {
    // Commander has already printed its message; help and version have exit code 0.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT.userError;
    return reportError(error);
  }
}

function createProgram(version: string, work: Work, setExitCode: (code: number) => void): Command {
  const program = new Command('unitsphere')
    .description('Metric learning on documents, cards and faces, in TypeScript on TensorFlow.js.')
    .version(version)
    .exitOverride()
    .showHelpAfterError('(see unitsphere --help)')
    .configureHelp({ sortSubcommands: false });

  program
    .command('train')
    .description('train a model; without CONFIG, on generated documents with the default settings')
    .argument('[CONFIG]', `a YAML file, or the name of a built-in config: ${RECIPES.names.join(', ')}`)
    .option(
      '--data <PATH>',
      'train on images: a folder (each file or subfolder is one identity), a .rec file, or tar shards',
    )
    .option('--strict-data', 'refuse images in two identities or parts of the split, instead of a warning')
    .option('--backend <NAME>', 'compute backend: auto, cuda, webgpu, wasm, node or cpu')
    .option('--set <KEY=VALUE...>', 'change a setting, for example --set loss.margin=0.3')
    .option('--output <DIR>', 'the folder for runs')
    .option('--resume <RUN>', 'resume a stopped run')
    .option(
      '--grow <RUN>',
      'start a new run from a trained one: its weights and class centers, plus centers of new classes',
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
    .description('verify a checkpoint or a model on identities that it was not trained on')
    .argument(
      '<MODEL>',
      'the folder of a checkpoint, of a run, whose best checkpoint is used, or of a model, or a shipped model: document-small or document-base',
    )
    .option('--data <DIR>', 'evaluate on the images in a folder; default: the held-out images of the run')
    .addOption(
      new Option('--identities <WHICH>', 'the identities that the run has not seen (test), or all').choices([
        'test',
        'all',
      ]),
    )
    .addOption(
      new Option(
        '--pairs <KIND>',
        "compare real images of an identity, augmented copies of one, or the run's choice (auto)",
      ).choices(['auto', 'real', 'augmented']),
    )
    .option(
      '--pair-files <FILES...>',
      "verify insightface's sets, such as lfw.bin; default: those of the run",
    )
    .option('--backend <NAME>', 'compute backend: auto, cuda, webgpu, wasm, node or cpu')
    .option('--json <FILE>', 'also write the result to a file')
    .action(async (checkpoint, options) =>
      setExitCode(await (await import('./evaluate.js')).evaluate(checkpoint, options, work)),
    );

  program
    .command('prune')
    .description('list the images of a run with sub-centers, without probable label errors')
    .argument('<RUN>', 'the folder of a run or a checkpoint with loss.name: subcenter-arcface')
    .requiredOption('--output <CSV>', 'the list to write, for train --data')
    .option('--threshold <DEGREES>', 'smallest angle of an outlier to its dominant sub-center', '75')
    .action(async (run, options) =>
      setExitCode(await (await import('./prune.js')).prune(run, options, work)),
    );

  program
    .command('export')
    .description('write a model for ONNX Runtime, transformers.js, timm, or as a model folder')
    .argument('<MODEL>', 'the folder of a run, a checkpoint or a model')
    .addOption(new Option('--to <FORMAT>', 'what to write').choices(TARGETS).makeOptionMandatory())
    .addOption(new Option('--precision <NAME>', 'for onnx; default: float32').choices(PRECISIONS))
    .addOption(
      new Option(
        '--input <TYPE>',
        'for onnx: normalized values (float32, the default), or pixels that the graph normalizes (uint8)',
      ).choices(INPUTS),
    )
    .option(
      '--batch <COUNT>',
      'for onnx: the number of images that the graph takes at once; default: any',
      parseCount,
    )
    .option('--output <DIR>', 'the folder to write; default: the name of the model and the format')
    .option('--data <DIR>', 'images for calibration and the check; default: the data of the run')
    .option('--license <NAME>', 'license of the weights, for the model card')
    .option('--backend <NAME>', 'compute backend: auto, cuda, webgpu, wasm, node or cpu')
    .addHelpText(
      'after',
      `
ONNX files are compared with the model on held-out images. This requires ONNX Runtime: npm install onnxruntime-node

Examples:
  unitsphere export runs/cards-20260301-140509 --to onnx
  unitsphere export runs/cards-20260301-140509 --to onnx --precision int8
  unitsphere export runs/cards-20260301-140509 --to transformers --output my-model`,
    )
    .action(async (model, options) =>
      setExitCode(await (await import('./export.js')).exportCommand(model, options, work)),
    );

  program
    .command('push')
    .description('upload an exported folder to the Hugging Face hub; without HF_TOKEN, list its files')
    .argument('<FOLDER>', 'a folder that export wrote')
    .argument('<OWNER/NAME>', 'the model on the hub')
    .option('--private', 'create the model as private')
    .option('--dry-run', 'list the files without an upload')
    .action(async (folder, name, options) =>
      setExitCode(await (await import('./push.js')).push(folder, name, options, work)),
    );

  program
    .command('embed')
    .description('compute the embeddings of image files')
    .argument(
      '<MODEL>',
      'the folder of a run, a checkpoint or a model, an ONNX export, a URL, a model of the hub: OWNER/NAME, or a shipped one: document-small or document-base',
    )
    .argument('<FILES...>', 'image files')
    .addOption(new Option('--json', 'print a JSON array of { file, embedding }').conflicts('npy'))
    .option('--npy <FILE>', 'write a NumPy file, float32 [images, values], in the order of the files')
    .addHelpText(
      'after',
      `
Examples:
  unitsphere embed runs/cards-20260301-140509 one.jpg other.jpg
  unitsphere embed model one.jpg --json
  unitsphere embed model photos/*.jpg --npy embeddings.npy`,
    )
    .action(async (model, files, options) =>
      setExitCode(await (await import('./embed.js')).embed(model, files, options, work)),
    );

  addGalleryCommands(program, setExitCode, work.openEmbedder);

  program
    .command('compare')
    .description('train the arms of a study under equal conditions with several seeds, and compare them')
    .argument('<STUDY>', `a YAML file, or the name of a built-in study: ${STUDIES.names.join(', ')}`)
    .option('--seeds <COUNT>', 'number of seeds per arm; default: as in the study', parseCount)
    .option('--jobs <COUNT>', 'number of concurrent runs; default: one per core', parseCount)
    .option('--data <DIR>', 'train every arm on the images in a folder')
    .option('--set <KEY=VALUE...>', 'change a setting of every arm, for example --set training.batchSize=32')
    .option(
      '--weights <MODEL=FILE...>',
      'local weights that replace a hub model of the study, for offline use',
    )
    .option('--output <DIR>', 'the folder for the runs and the report; default: runs/STUDY')
    .option('--report', 'train nothing; write the report of the existing runs')
    .addHelpText(
      'after',
      `
To resume after Ctrl-C or a crash, run the same command again:
finished runs are kept, interrupted runs are resumed.

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
    .description("rewrite a finished run's report.html and plots")
    .argument('<RUN>', 'the folder of the run')
    .action(async (path) => setExitCode(await (await import('./report.js')).report(path, work)));

  const backend = program
    .command('backend')
    .description('install the native TensorFlow library as a backend: node on the CPU, cuda on NVIDIA GPUs');
  backend
    .command('install')
    .description(
      "build a backend into the user's cache folder; requires a C++ compiler, and pip or access to PyPI",
    )
    .addArgument(new Argument('<BACKEND>', 'node or cuda').choices(['node', 'cuda']))
    .option('--force', 'rebuild it if it is installed')
    .option('--wheel <FILE>', 'use this tensorflow or tensorflow-cpu wheel instead of downloading one')
    .option('--without-gpu', 'cuda: install on a machine without a GPU, for use on another')
    .action(async (name, options) => (await import('./backend.js')).installBackend(name, options));

  const data = program.command('data').description('inspect and pack images');
  data
    .command('inspect')
    .description('count identities and images, and list unreadable files and pictures of several identities')
    .argument('<PATH>', 'a folder, a .rec file, or tar shards')
    .option('--json', 'print JSON')
    .action(async (path, options) => setExitCode(await (await import('./data.js')).inspect(path, options)));
  data
    .command('pack')
    .description('pack images into one file, without decoding them; the same command continues after Ctrl-C')
    .argument('<PATH>', 'a folder, a .rec file, or tar shards')
    .argument('<FILE>', 'NAME.tar for WebDataset, or NAME.rec for RecordIO')
    .action(async (path, file) => setExitCode(await (await import('./data.js')).pack(path, file)));

  const cache = program
    .command('cache')
    .description("list and delete what is cached in the user's cache folder");
  cache
    .command('list')
    .description(
      'list images, shards, features of teachers, weights and backends that are cached, the largest first',
    )
    .option('--json', 'print JSON')
    .action(async (options) => setExitCode((await import('./cache.js')).listCache(options)));
  cache
    .command('clean')
    .description('delete caches; what is needed again is decoded, computed or downloaded again')
    .addArgument(new Argument('<KIND...>', 'kinds of caches, as in the list').choices(Object.keys(CACHES)))
    .option('--older-than <DAYS>', 'only what was not used for this many days', parseCount)
    .action(async (kinds, options) =>
      setExitCode(await (await import('./cache.js')).cleanCache(kinds, options)),
    );

  program
    .command('demo')
    .description('recognize photographs of generated documents with the shipped model, in seconds')
    .action(async () => setExitCode(await (await import('./demo.js')).demo(work)));

  program
    .command('doctor')
    .description('check whether this machine can train, and print what is missing')
    .option('--json', 'print JSON')
    .option('--mpi', 'under mpirun or srun: print the processes, and how fast they exchange data')
    .action(async (options) => setExitCode(await (await import('./doctor.js')).doctor(options, work)));

  return program;
}

function parseCount(text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1) throw new InvalidArgumentError('Expected a positive integer.');
  return number;
}
