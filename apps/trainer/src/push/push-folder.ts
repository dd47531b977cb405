import { readdir, stat } from 'node:fs/promises';
import { join, relative, resolve, sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import { createRepo, HubApiError, uploadFiles } from '@huggingface/hub';
import { UserError } from '../user-error.js';

/** Options of {@link pushFolder}. */
export interface PushOptions {
  /** A folder that `unitsphere export` wrote. */
  folder: string;
  /** The model on the hub: owner/name. */
  repo: string;
  /** Access token with write permission. Without one, nothing is uploaded. */
  token?: string;
  /** Whether a new model is private. */
  private?: boolean;
  /** Lists the files without an upload, also with a token. */
  dryRun?: boolean;
  /** Address of the hub. Default: Hugging Face. */
  hubUrl?: string;
}

/** What was uploaded, or would be. */
export interface PushResult {
  files: { path: string; bytes: number }[];
  /** Address of the commit; undefined for a dry run. */
  commit?: string;
}

const REPO = /^[\w.-]+\/[\w.-]+$/;
const MODEL_FILE = /\.(safetensors|onnx)$/;

/**
 * Uploads an exported folder to the Hugging Face hub as one commit, and creates the model if it does not exist.
 * @throws UserError for a folder without a model or card, a name that is not owner/name, and what the hub refuses.
 */
export async function pushFolder(options: PushOptions): Promise<PushResult> {
  const { folder, repo: name, token, hubUrl } = options;
  if (!REPO.test(name)) {
    throw new UserError(`"${name}" is not the name of a model on the hub`, {
      hint: 'Write it as OWNER/NAME.',
    });
  }
  const files = await listFiles(folder);
  for (const [what, pattern] of [
    ['model file (.safetensors or .onnx)', MODEL_FILE],
    ['model card (README.md)', /^README\.md$/],
  ] as const) {
    if (files.some(({ path }) => pattern.test(path))) continue;
    throw new UserError(`${folder} has no ${what}`, {
      hint: 'Write a folder first: unitsphere export RUN --to folder',
    });
  }
  if (options.dryRun || token === undefined) return { files };
  const repo = { type: 'model', name } as const;
  try {
    await createRepo({
      repo,
      accessToken: token,
      hubUrl,
      ...(options.private && { visibility: 'private' as const }),
    }).catch((error: unknown) => {
      // The model exists.
      if (!(error instanceof HubApiError && error.statusCode === 409)) throw error;
    });
    const result = await uploadFiles({
      repo,
      accessToken: token,
      hubUrl,
      commitTitle: 'Upload model with unitsphere',
      files: files.map(({ path }) => ({ path, content: pathToFileURL(join(resolve(folder), path)) })),
      useXet: false,
    });
    return { files, commit: result?.commit.url ?? '' };
  } catch (error) {
    throw describeFailure(error, name);
  }
}

function describeFailure(error: unknown, name: string): unknown {
  if (error instanceof HubApiError) {
    const isDenied = error.statusCode === 401 || error.statusCode === 403;
    return new UserError(
      `the hub refuses the upload to ${name}: ${error.message} (status ${error.statusCode})`,
      {
        hint: isDenied ? 'Set HF_TOKEN to a token with permission to write to this model.' : undefined,
        cause: error,
      },
    );
  }
  const reason = (error as { cause?: { message?: string } }).cause?.message;
  if (error instanceof TypeError && reason) {
    return new UserError(`the hub cannot be reached: ${reason}`, { cause: error });
  }
  return error;
}

/** Lists a folder's files with forward slashes, without hidden ones. */
async function listFiles(folder: string): Promise<PushResult['files']> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch((cause) => {
    throw new UserError(`${folder} cannot be read: ${(cause as Error).message}`, { cause });
  });
  const paths = entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .filter((path) => !path.split('/').some((part) => part.startsWith('.')))
    .sort();
  return Promise.all(paths.map(async (path) => ({ path, bytes: (await stat(join(folder, path))).size })));
}
