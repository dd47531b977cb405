import * as tf from '@tensorflow/tfjs-core';
import {
  Conv2d,
  DepthwiseConv2d,
  Linear,
  type Module,
  Random,
  readSafetensors,
  Sequential,
  toFloat32,
  writeSafetensors,
} from '@unitsphere/core';
import { GAP } from '@unitsphere/necks';
import { BatchNorm2d } from '@unitsphere/norms';
import { fill } from '@unitsphere/testing/operation-case';
import type { Check } from '../check.js';

function smallModel(seed: number): Module {
  const random = new Random(seed, 'contract', 'files');
  return new Sequential(
    new Conv2d(3, 6, { kernelSize: 3, random }),
    new BatchNorm2d(6, { activation: 'hard_swish' }),
    new DepthwiseConv2d(6, { kernelSize: 3, random }),
    new GAP(),
    new Linear(6, 4, { random }),
  );
}

const images = () => tf.tensor4d(fill(4 * 5 * 6 * 3, 1), [4, 5, 6, 3]);

/** Computes the embeddings of a few images in evaluation mode. */
async function embed(model: Module): Promise<Float32Array> {
  const out = tf.tidy(() => model.eval().forward(images()));
  try {
    return Float32Array.from(await out.data());
  } finally {
    out.dispose();
  }
}

/** Round trip of a state dict through a file's bytes, into a model with other weights. */
export const fileChecks: Check[] = [
  {
    group: 'files',
    subject: 'safetensors',
    name: 'safetensors: a model written and read back',
    async verify() {
      const [model, other] = [smallModel(1), smallModel(2)];
      try {
        // A training step changes the running averages from their initial values.
        tf.tidy(() => {
          model.forward(images());
        });
        const expected = await embed(model);
        const problems: string[] = [];
        const checkSame = (what: string, a: ArrayLike<number>, b: ArrayLike<number>) => {
          if (a.length !== b.length || Array.from(a).some((value, i) => value !== b[i])) {
            problems.push(`${what} differs from what was written`);
          }
        };
        if (Array.from(await embed(other)).every((value, i) => value === expected[i])) {
          problems.push('the other model has the same initial weights');
        }
        const written = await model.stateDict();
        const bytes = writeSafetensors(written, { from: 'contract' });
        const { tensors, metadata } = readSafetensors(bytes);
        if (metadata['from'] !== 'contract') problems.push('the metadata differ from what was written');
        if ([...tensors.keys()].join() !== [...written.keys()].join()) {
          problems.push('the names differ from those written');
        }
        for (const [name, tensor] of written) {
          const back = tensors.get(name);
          if (tensor.dtype === 'F32' && back) checkSame(name, toFloat32(back), toFloat32(tensor));
        }
        other.loadStateDict(tensors);
        checkSame('the output', await embed(other), expected);
        checkSame('the second file', writeSafetensors(await other.stateDict(), { from: 'contract' }), bytes);
        return problems;
      } finally {
        model.dispose();
        other.dispose();
      }
    },
  },
];
