import * as tf from '@tensorflow/tfjs-core';
import type { Preprocessing } from '@unitsphere/pretrained';
import { fingerprintOf, sha256 } from '../fingerprint.js';
import type { Teacher } from '../teacher.js';
import {
  findRuntime,
  type OnnxRuntime,
  type OnnxSession,
  OnnxTeacherError,
  type OnnxTensor,
} from './runtime.js';

/** What an ONNX file does not say about itself. */
export interface OnnxTeacherOptions {
  /** How images become its input. */
  preprocessing: Preprocessing;
  /** For people and logs. Default: the file's name, or "an ONNX model". */
  name?: string;
  /** The output that is the feature. Needed where there are several. */
  output?: string;
  /** The order of the input's axes. Default NCHW, PyTorch's. */
  layout?: 'NCHW' | 'NHWC';
  /** Of ONNX Runtime, such as `{ executionProviders: ['webgpu'] }`. Default: its own. */
  sessionOptions?: object;
  /** ONNX Runtime itself, loaded otherwise. Default: onnxruntime-node in Node where it is installed, else onnxruntime-web. */
  runtime?: OnnxRuntime;
}

/**
 * Any vision network in an ONNX file (SigLIP, MobileCLIP, DINO, a face network, …) as a teacher, through ONNX Runtime,
 * which is an optional peer: `npm install onnxruntime-node`, in browsers `onnxruntime-web`. One image of zeros is run at
 * once, so a file that does not fit its options fails here.
 * @param model The path of a file (in Node), or its bytes. Weights must be inside the file, not beside it.
 * @throws OnnxTeacherError where no runtime is installed, the file cannot be read or run, has several outputs and none is
 * named, or gives no float32 [batch, width].
 */
export async function onnxTeacher(
  model: string | URL | Uint8Array,
  { preprocessing, name, output, layout = 'NCHW', sessionOptions, runtime }: OnnxTeacherOptions,
): Promise<Teacher> {
  const title = name ?? titleOf(model);
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
    const run = runner(ort, session, feature, layout, preprocessing.imageSize, title);
    const size = preprocessing.imageSize;
    const { width } = await run(new Float32Array(size * size * 3), 1);
    const what = JSON.stringify({ onnx: await sha256(bytes), output: feature, layout });
    return {
      name: title,
      fingerprint: await fingerprintOf(what, new Map()),
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

/** Runs images, NHWC values, in batches of the size that the model is made for. */
function runner(
  ort: OnnxRuntime,
  session: OnnxSession,
  output: string,
  layout: 'NCHW' | 'NHWC',
  side: number,
  title: string,
): (values: Float32Array, count: number) => Promise<Features> {
  const [input] = session.inputNames as [string];
  const fixed = session.inputMetadata?.[0]?.shape?.[0];
  const size = side * side * 3;
  const dims = layout === 'NCHW' ? [3, side, side] : [side, side, 3];
  return async (values, count) => {
    const batch = typeof fixed === 'number' && fixed > 0 ? fixed : count;
    const parts: Features[] = [];
    for (let begin = 0; begin < count; begin += batch) {
      const images = Math.min(batch, count - begin);
      // What a fixed batch has too many places for is zeros, whose features are left out.
      const padded = new Float32Array(batch * size);
      const part = values.subarray(begin * size, (begin + images) * size);
      padded.set(layout === 'NCHW' ? planes(part, side) : part);
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
      const { values: found, width } = featuresOf(results[output], batch, output, title);
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

/** [batch, width], or the same with sides of 1 behind. */
function featuresOf(
  { type, dims, data }: OnnxTensor,
  batch: number,
  output: string,
  title: string,
): Features {
  const isMatrix = dims.length >= 2 && dims[0] === batch && dims.slice(2).every((side) => side === 1);
  if (type !== 'float32' || !isMatrix) {
    throw new OnnxTeacherError(
      `The output "${output}" of ${title} is ${type} [${dims}], but a feature is float32 [${batch}, width].`,
    );
  }
  return { values: data as Float32Array, width: dims[1] };
}

/** NHWC to NCHW. */
function planes(values: Float32Array, side: number): Float32Array {
  const places = side * side;
  const out = new Float32Array(values.length);
  for (let image = 0; image < values.length; image += 3 * places) {
    for (let c = 0; c < 3; c++) {
      for (let i = 0; i < places; i++) out[image + c * places + i] = values[image + 3 * i + c];
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
      `${title} has the inputs ${inputs}; a teacher takes images alone. Export the image tower by itself.`,
    );
  }
  if (output !== undefined && !names.includes(output))
    throw new OnnxTeacherError(`${title} has no output "${output}"; it has ${listed}.`);
  if (output === undefined && names.length !== 1)
    throw new OnnxTeacherError(`${title} has the outputs ${listed}: name the feature with "output".`);
  return output ?? names[0];
}

function titleOf(model: string | URL | Uint8Array): string {
  if (model instanceof Uint8Array) return 'an ONNX model';
  return decodeURIComponent(String(model)).split(/[/\\]/).at(-1)!;
}

async function readModel(path: string | URL): Promise<Uint8Array> {
  const files = globalThis.process?.getBuiltinModule?.('node:fs/promises');
  if (!files)
    throw new OnnxTeacherError(`${path} cannot be read: there are no files in a browser. Give the bytes.`);
  try {
    return await files.readFile(path);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const reason = code === 'ENOENT' ? 'there is no such file' : message;
    throw new OnnxTeacherError(`${path} cannot be read: ${reason}.`, { cause: error });
  }
}
