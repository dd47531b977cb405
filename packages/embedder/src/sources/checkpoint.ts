import { builtinModule } from '@unitsphere/core/disk';
import { EmbedderError } from '../embedder-error.js';
import { filesOfFolder, listFolder } from './folder.js';
import type { ModelFiles } from './model-files.js';
import { parseFile, requireFile, toJsonObject } from './read-files.js';

/** The file that lists a checkpoint's other files with their checksums; the trainer writes it last. */
const STATE_FILE = 'state.json';

/** The files of a checkpoint from which an embedder is made. */
const USED_FILES = ['config.json', 'preprocessor_config.json', 'backbone.safetensors', 'head.safetensors'];

/** The part of state.json that is used. */
interface CheckpointState {
  files: Record<string, { bytes: number; sha256: string }>;
  best?: unknown;
}

/** Returns the files of a folder, which are verified if it is a checkpoint. */
export async function filesOfModelFolder(folder: string): Promise<ModelFiles> {
  const files = filesOfFolder(folder);
  return (await files.read(STATE_FILE)) ? verifyFiles(files, await readState(files)) : files;
}

/**
 * Returns the verified files of a run's best checkpoint, or else of its newest; undefined if the folder is not a run.
 * @throws EmbedderError if the run has no complete checkpoint.
 */
export async function filesOfRun(run: string): Promise<ModelFiles | undefined> {
  const { join } = builtinModule('node:path');
  const names = await listFolder(run);
  if (!names.includes('checkpoints')) return undefined;
  const folder = join(run, 'checkpoints');
  const steps = (await listFolder(folder))
    .filter((name) => /^step-\d{8,}$/.test(name))
    .sort()
    .reverse();
  const checkpoints: { files: ModelFiles; state: CheckpointState }[] = [];
  const problems: string[] = [];
  const attempt = async (use: () => Promise<void>) => {
    try {
      await use();
      return true;
    } catch (error) {
      if (!(error instanceof EmbedderError)) throw error;
      problems.push(error.message);
      return false;
    }
  };
  for (const name of steps) {
    const files = filesOfFolder(join(folder, name));
    await attempt(async () => void checkpoints.push({ files, state: await readState(files) }));
  }
  const best = checkpoints.find(({ state }) => state.best);
  for (const { files, state } of [...(best ? [best] : []), ...checkpoints]) {
    const verified = verifyFiles(files, state);
    // A damaged checkpoint is found before its model is used. The largest files are for training only.
    const isComplete = await attempt(async () => {
      for (const file of USED_FILES) await verified.read(file);
    });
    if (isComplete) return verified;
  }
  throw new EmbedderError(
    'SOURCE_NOT_FOUND',
    problems.length > 0
      ? `the run ${run} has no complete checkpoint: ${problems[0]}`
      : `the run ${run} has no checkpoint; train it: unitsphere train --resume ${run}`,
  );
}

async function readState(files: ModelFiles): Promise<CheckpointState> {
  const bytes = await requireFile(files, STATE_FILE);
  return parseFile(files, STATE_FILE, () => {
    const { sha256, ...state } = toJsonObject(bytes);
    // The first version has no checksum of this file.
    if (state.version !== 1 && sha256 !== digest(JSON.stringify(state))) {
      throw new TypeError('it does not match its checksum');
    }
    if (typeof state.files !== 'object' || state.files === null) throw new TypeError('it lists no files');
    return state as unknown as CheckpointState;
  });
}

/** Returns files that are compared with their checksums when they are read. */
function verifyFiles(files: ModelFiles, state: CheckpointState): ModelFiles {
  return {
    name: files.name,
    async read(file) {
      const expected = Object.hasOwn(state.files, file) ? state.files[file] : undefined;
      if (!expected) return undefined;
      const bytes = await requireFile(files, file);
      if (bytes.byteLength === expected.bytes && digest(bytes) === expected.sha256) return bytes;
      throw new EmbedderError('WEIGHTS_INVALID', `${file} of ${files.name} does not match its checksum`);
    },
  };
}

function digest(content: string | Uint8Array): string {
  return builtinModule('node:crypto').createHash('sha256').update(content).digest('hex');
}
