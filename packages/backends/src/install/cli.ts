import { parseArgs } from 'node:util';
import { describeBackends } from '../describe-backends.js';
import type { NativeBackend } from '../native/installation.js';
import { isNative } from '../native/native.js';
import { InstallError } from './install-error.js';
import { installNativeBackend } from './install-native-backend.js';

const USAGE = `Usage: npx @unitsphere/backends <command>

  list                     list all backends, and why each can or cannot be used here
  install <node|cuda>      build TensorFlow's own library into the user's cache, for the CPU or NVIDIA GPUs
      --force              reinstall
      --wheel <FILE>       use this wheel of tensorflow or tensorflow-cpu instead of downloading one
      --without-gpu        with cuda: install for another machine that has the GPU
`;

async function main(argv: string[]): Promise<number> {
  try {
    const { values, positionals } = parseArgs({
      args: argv,
      allowPositionals: true,
      options: {
        force: { type: 'boolean' },
        wheel: { type: 'string' },
        'without-gpu': { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    });
    const [command, backend] = positionals;
    if (values.help) {
      process.stdout.write(USAGE);
      return 0;
    }
    if (command === 'list') {
      await list();
      return 0;
    }
    if (command === 'install' && backend !== undefined && isNative(backend)) {
      await install(backend, { ...values, withoutGpu: values['without-gpu'] });
      return 0;
    }
    process.stderr.write(USAGE);
    return 2;
  } catch (error) {
    const isUsageError = (error as NodeJS.ErrnoException).code?.startsWith('ERR_PARSE_ARGS') ?? false;
    if (!isUsageError && !(error instanceof InstallError)) throw error;
    process.stderr.write(`${(error as Error).message}\n${isUsageError ? `\n${USAGE}` : ''}`);
    return isUsageError ? 2 : 1;
  }
}

async function list(): Promise<void> {
  for (const { name, available, version, detail, reason, remedy } of await describeBackends()) {
    process.stdout.write(
      available ? `✓ ${name} ${version}: ${detail}\n` : `– ${name}: ${detail}: ${reason} ${remedy}\n`,
    );
  }
}

async function install(
  backend: NativeBackend,
  options: Parameters<typeof installNativeBackend>[1],
): Promise<void> {
  const started = Date.now();
  const { folder, manifest, isNew } = await installNativeBackend(backend, {
    ...options,
    onProgress: (step) => process.stderr.write(`${step} …\n`),
  });
  const seconds = isNew ? ` in ${((Date.now() - started) / 1000).toFixed(0)} s` : ', already installed';
  process.stdout.write(`${backend}: libtensorflow ${manifest.tensorflow}${seconds}, in ${folder}\n`);
}

process.exitCode = await main(process.argv.slice(2));
