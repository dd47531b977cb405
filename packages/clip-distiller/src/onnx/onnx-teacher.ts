import * as tf from '@tensorflow/tfjs-core';
import { builtinModule, explainDiskError } from '@unitsphere/core/disk';
import type { Preprocessing } from '@unitsphere/images';
import { computeFingerprint, sha256 } from '../fingerprint.js';
import type { Teacher } from '../teacher.js';
import {
  findRuntime,
  type OnnxRuntime,
  type OnnxSession,
  OnnxTeacherError,
  type OnnxTensor,
} from './runtime.js';

/** Properties that an ONNX file does not contain, and options of its runtime. */
export interface OnnxTeacherOptions {
  /** Conversion of images to the input. */
  preprocessing: Preprocessing;
  /** Name for messages and logs. Default: the file's name, or "an ONNX model". */
  name?: string;
  /** Name of the output with the feature. Required if there are several outputs. */
  output?: string;
  /** Order of the input's axes. Default: NCHW, as in PyTorch. */
  layout?: 'NCHW' | 'NHWC';
  /** Session options of ONNX Runtime, such as `{ executionProviders: ['webgpu'] }`. Default: ONNX Runtime's defaults. */
  sessionOptions?: object;
  /** Already loaded ONNX Runtime. Default: onnxruntime-node if installed in Node, otherwise onnxruntime-web. */
  runtime?: OnnxRuntime;
}

/**
 * Creates a teacher from any vision network in an ONNX file (SigLIP, MobileCLIP, DINO, a face network, …). It runs in ONNX
 * Runtime, an optional peer dependency: `npm install onnxruntime-node`, in browsers `onnxruntime-web`. The network is run
 * once on an image of zeros, so that wrong options fail here.
 * @param model Path of a file (in Node), or its bytes. Weights must be inside the file, not beside it.
 * @throws OnnxTeacherError if no runtime is installed, the file cannot be read or run, the output is ambiguous, or its result
 *   is not float32 [batch, width].
 */
export async function createOnnxTeacher(
  model: string | URL | Uint8Array,
  { preprocessing, name, output, layout = 'NCHW', sessionOptions, runtime }: OnnxTeacherOptions,
): Promise<Teacher> {
  const title = name ?? fileNameOf(model);
  const bytes = model instanceof Uint8Array ? model : await readModel(model);
  const ort = runtime ?? (await findRuntime());
  let session: OnnxSession;
  try {
    session = await ort.InferenceSession.create(bytes, sessionOptions);
  } catch (error) {
    throw new OnnxTeacherError(`${title} cannot be loaded by ONNX Runtime: ${(error as Error).message}`, {
      cause: error,
    });
  }
  try {
    const feature = chooseOutput(session, output, title);
    const run = createRunner(ort, session, feature, layout, preprocessing.imageSize, title);
    const size = preprocessing.imageSize;
    const { width } = await run(new Float32Array(size * size * 3), 1);
    const description = JSON.stringify({ onnx: await sha256(bytes), output: feature, layout });
    return {
      name: title,
      fingerprint: await computeFingerprint(description, new Map()),
      width,
      preprocessing,
      async embed(pixels) {
        const values = (await pixels.data()) as Float32Array;
        const found = await run(values, pixels.shape[0]);
        return tf.tensor2d(found.values, [pixels.shape[0], found.width]);
      },
      dispose: () => session.release(),
    };
  } catch (error) {
    await session.release();
    throw error;
  }
}

interface Features {
  values: Float32Array;
  width: number;
}

/** Returns a function that runs images, given as NHWC values, in batches of the size that the model requires. */
function createRunner(
  ort: OnnxRuntime,
  session: OnnxSession,
  output: string,
  layout: 'NCHW' | 'NHWC',
  side: number,
  title: string,
): (values: Float32Array, count: number) => Promise<Features> {
  const [input] = session.inputNames as [string];
  const fixedBatch = session.inputMetadata?.[0]?.shape?.[0];
  const size = side * side * 3;
  const dims = layout === 'NCHW' ? [3, side, side] : [side, side, 3];
  return async (values, count) => {
    const batch = typeof fixedBatch === 'number' && fixedBatch > 0 ? fixedBatch : count;
    const parts: Features[] = [];
    for (let begin = 0; begin < count; begin += batch) {
      const images = Math.min(batch, count - begin);
      // A fixed batch is padded with zeros, whose features are dropped.
      const padded = new Float32Array(batch * size);
      const part = values.subarray(begin * size, (begin + images) * size);
      padded.set(layout === 'NCHW' ? toNchw(part, side) : part);
      const tensor = new ort.Tensor('float32', padded, [batch, ...dims]);
      let results: Record<string, OnnxTensor>;
      try {
        results = await session.run({ [input]: tensor }, [output]);
      } catch (error) {
        throw new OnnxTeacherError(
          `${title} does not run on images of ${side}x${side} (${layout}): ${(error as Error).message}`,
          { cause: error },
        );
      }
      const { values: found, width } = toFeatures(results[output], batch, output, title);
      parts.push({ values: found.subarray(0, images * width), width });
    }
    const { width } = parts[0];
    const all = new Float32Array(count * width);
    parts.forEach((part, i) => {
      all.set(part.values, i * batch * width);
    });
    return { values: all, width };
  };
}

/** Checks that an output is float32 [batch, width], possibly with further sides of 1. */
function toFeatures(
  { type, dims, data }: OnnxTensor,
  batch: number,
  output: string,
  title: string,
): Features {
  const isMatrix = dims.length >= 2 && dims[0] === batch && dims.slice(2).every((side) => side === 1);
  if (type !== 'float32' || !isMatrix) {
    throw new OnnxTeacherError(
      `The output "${output}" of ${title} is ${type} [${dims}], but a feature must be float32 [${batch}, width].`,
    );
  }
  return { values: data as Float32Array, width: dims[1] };
}

/** Converts NHWC values of 3 channels to NCHW. */
function toNchw(values: Float32Array, side: number): Float32Array {
  const pixels = side * side;
  const out = new Float32Array(values.length);
  for (let image = 0; image < values.length; image += 3 * pixels) {
    for (let c = 0; c < 3; c++) {
      for (let i = 0; i < pixels; i++) out[image + c * pixels + i] = values[image + 3 * i + c];
    }
  }
  return out;
}

function chooseOutput(session: OnnxSession, output: string | undefined, title: string): string {
  const names = session.outputNames;
  const listed = names.map((name) => `"${name}"`).join(', ');
  if (session.inputNames.length !== 1) {
    const inputs = session.inputNames.map((name) => `"${name}"`).join(', ');
    throw new OnnxTeacherError(
      `${title} has the inputs ${inputs}; but a teacher must have one input. Export only the image tower.`,
    );
  }
  if (output !== undefined && !names.includes(output))
    throw new OnnxTeacherError(`${title} has no output "${output}"; it has ${listed}.`);
  if (output === undefined && names.length !== 1)
    throw new OnnxTeacherError(
      `${title} has the outputs ${listed}; set "output" to the name of the feature.`,
    );
  return output ?? names[0];
}

function fileNameOf(model: string | URL | Uint8Array): string {
  if (model instanceof Uint8Array) return 'an ONNX model';
  return decodeURIComponent(String(model)).split(/[/\\]/).at(-1) || 'an ONNX model';
}

async function readModel(path: string | URL): Promise<Uint8Array> {
  const files: typeof import('node:fs/promises') | undefined = builtinModule('node:fs/promises');
  if (!files) throw new OnnxTeacherError(`${path} cannot be read: a browser has no files. Pass the bytes.`);
  try {
    return await files.readFile(path);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const reason = code === 'ENOENT' ? 'it does not exist' : (explainDiskError(error) ?? message);
    throw new OnnxTeacherError(`${path} cannot be read: ${reason}.`, { cause: error });
  }
}
