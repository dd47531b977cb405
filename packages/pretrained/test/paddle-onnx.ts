import type { BinaryWriter } from '@bufbuild/protobuf/wire';
import type { HostTensor, StateDict } from '@unitsphere/core';
import { model, node, tensor } from '../fuzz/formats.js';

/**
 * Encodes an LCNet's weights as ONNX, with the names of PyTorch's exporter, or with the graph of a published PP-LCNet by
 * Paddle2ONNX: convolutions followed by batch norms, and biases that are reshaped and added.
 * @param options.fold Whether to fold the batch norms into the convolutions.
 */
export function encodeLCNetAsOnnx(
  state: StateDict,
  { names, fold = false, strides }: { names: 'pytorch' | 'paddle'; fold?: boolean; strides?: number[] },
): Uint8Array {
  const kernels = [...state.keys()].filter((key) => state.get(key)!.shape.length === 4);
  const nodes: Uint8Array[] = [];
  const initializers: Uint8Array[] = [];
  const weight = (key: string, values: HostTensor | Float32Array, shape: number[], paddleName: string) => {
    const name = names === 'pytorch' ? key : paddleName;
    const data = (values instanceof Float32Array ? values : values.data) as Float32Array;
    initializers.push(tensor(name, 1, shape, (w) => w.tag(9, 2).bytes(new Uint8Array(data.slice().buffer))));
    return name;
  };
  let x = 'x';
  kernels.forEach((key, i) => {
    const kernel = state.get(key)!;
    const biasKey = key.replace(/weight$/, 'bias');
    const bias = state.get(biasKey);
    // conv_stem → bn1, conv_dw → bn1, conv_pw → bn2
    const norm = key
      .replace('conv_stem', 'bn1')
      .replace('conv_dw', 'bn1')
      .replace('conv_pw', 'bn2')
      .replace(/\.weight$/, '');
    const of = (name: string) => state.get(`${norm}.${name}`)!;
    const y = `conv.${i}`;
    const channels = kernel.shape[0];
    if (bias) {
      const w = weight(key, kernel, kernel.shape, `conv2d_${i}.w_0`);
      const b = weight(biasKey, bias, [channels], `conv2d_${i}.b_0`);
      nodes.push(
        node('Conv', [x, w], [y]),
        node('Reshape', [b, 'shape'], [`bias.${i}`]),
        node('Add', [y, `bias.${i}`], [`add.${i}`]),
      );
      x = `add.${i}`;
    } else if (fold) {
      const scale = Float32Array.from(
        { length: channels },
        (_, c) => Number(of('weight').data[c]) / Math.sqrt(Number(of('running_var').data[c]) + 1e-5),
      );
      const per = kernel.data.length / channels;
      const folded = Float32Array.from(kernel.data as Float32Array, (v, j) => v * scale[Math.floor(j / per)]);
      const shift = scale.map((s, c) => Number(of('bias').data[c]) - s * Number(of('running_mean').data[c]));
      nodes.push(
        node(
          'Conv',
          [x, weight(key, folded, kernel.shape, `w.${i}`), weight(`${key}.b`, shift, [channels], `b.${i}`)],
          [y],
        ),
      );
      x = y;
    } else {
      const inputs = ['weight', 'bias', 'running_mean', 'running_var'].map((name, j) =>
        weight(`${norm}.${name}`, of(name), [channels], `batch_norm2d_${i}.${'wb'[j] ?? 'w'}_${j}`),
      );
      nodes.push(
        node('Conv', [x, weight(key, kernel, kernel.shape, `conv2d_${i}.w_0`)], [y], { strides }),
        node('BatchNormalization', [y, ...inputs], [`norm.${i}`]),
      );
      x = `norm.${i}`;
    }
    nodes.push(node('HardSwish', [x], [`act.${i}`]));
    x = `act.${i}`;
  });
  // The classifier, which the model lacks.
  initializers.push(tensor('fc', 1, [2, 4, 1, 1], (w) => w.tag(9, 2).bytes(new Uint8Array(32))));
  initializers.push(tensor('shape', 7, [1], (w: BinaryWriter) => w.tag(7, 0).int64(-1)));
  nodes.push(node('Conv', [x, 'fc'], ['out']));
  return model(nodes, initializers);
}
