import { kernelCode } from '@unitsphere/ops';
import type { Step, Value } from '../network/step.js';
import type { Call } from '../threads/run-parts.js';
import { windowArguments } from './window-arguments.js';

/** Addresses in the memory of a plan. */
export interface Addresses {
  /** Address of a value's first image. */
  of(value: Value): number;
  /** Address of a step's constant; 0 if it has none of that name. */
  constant(step: Step, name: string): number;
  scratch: number;
}

/** Returns the kernel calls of a step for a batch. */
export function lower(step: Step, batch: number, addresses: Addresses): Call[] {
  const { scratch } = addresses;
  const constant = (name: string) => addresses.constant(step, name);
  const y = addresses.of(step.y);
  switch (step.kind) {
    case 'convolution': {
      const { x, channels, added, activation } = step;
      const finish = [constant('bias'), kernelCode[activation], constant('slope')];
      const transformed = constant('transformed');
      const sum = added ? addresses.of(added) : 0;
      return [
        [
          transformed ? 'winogradFused' : 'convFused',
          addresses.of(x),
          batch,
          ...windowArguments(step),
          transformed || constant('weights'),
          channels,
          ...finish,
          sum,
          y,
          scratch,
        ],
      ];
    }
    case 'depthwise': {
      const [h, w, c, ...rest] = windowArguments(step);
      const finish = [constant('bias'), kernelCode[step.activation], constant('slope')];
      return [
        [
          'depthwiseFused',
          addresses.of(step.x),
          batch,
          h,
          w,
          c,
          constant('weights'),
          ...rest,
          ...finish,
          y,
          scratch,
        ],
      ];
    }
    case 'affine': {
      const { x, channels, activation } = step;
      const rows = (x.size * batch) / channels;
      const values = [addresses.of(x), rows, channels, constant('scale'), constant('shift'), y];
      if (activation === 'prelu') return [['affinePrelu', ...values, constant('slope')]];
      return [[`affine${kernelCode[activation]}`, ...values]];
    }
    case 'sum': {
      const count = step.y.size * batch;
      return [
        ['addActivation', addresses.of(step.a), addresses.of(step.b), count, kernelCode[step.activation], y],
      ];
    }
    case 'activate':
      return [['activation', addresses.of(step.x), step.x.size * batch, kernelCode[step.activation], y]];
    case 'layer-norm': {
      const { x, channels, epsilon } = step;
      const rows = (x.size * batch) / channels;
      return [
        ['layerNorm', addresses.of(x), rows, channels, constant('gamma'), constant('beta'), epsilon, y],
      ];
    }
    case 'attention':
      return [
        ['selfAttention', addresses.of(step.x), batch, step.tokens, step.heads, step.width, y, scratch],
      ];
    case 'average-pool':
      return [['globalAveragePool', addresses.of(step.x), batch, step.pixels, step.channels, y]];
    case 'max-pool': {
      const { image, kernel, stride, pads, out } = step;
      return [['maxPool', addresses.of(step.x), batch, ...image, kernel[0], stride, pads[0], ...out, y]];
    }
    case 'scale-channels':
      return [
        [
          'scaleChannels',
          addresses.of(step.x),
          addresses.of(step.gate),
          batch,
          step.pixels,
          step.channels,
          y,
        ],
      ];
    case 'normalize':
      return [['l2Normalize', addresses.of(step.x), batch, step.x.size, step.epsilon, y]];
    case 'prepend':
      return forImages(batch, (image) => {
        const [to, from] = [y + 4 * image * step.y.size, addresses.of(step.x) + 4 * image * step.x.size];
        const first = step.y.size - step.x.size;
        const tail: Call = [
          'addActivation',
          from,
          constant('tail'),
          step.x.size,
          kernelCode.none,
          to + 4 * first,
        ];
        return first ? [['activation', constant('head'), first, kernelCode.none, to], tail] : [tail];
      });
    case 'cut':
      return forImages(batch, (image) => {
        const from = addresses.of(step.x) + 4 * (image * step.x.size + step.first);
        return [['activation', from, step.y.size, kernelCode.none, y + 4 * image * step.y.size]];
      });
  }
}

function forImages(batch: number, fn: (image: number) => Call[]): Call[] {
  return Array.from({ length: batch }, (_, image) => fn(image)).flat();
}

/** Returns the bytes of scratch memory that the WebAssembly kernels of a step require. */
export function scratchBytes(
  step: Step,
  kernels: Readonly<Record<string, (...values: number[]) => number>>,
): number {
  if (step.kind === 'attention') return kernels['selfAttentionScratchBytes'](step.tokens);
  if (step.kind === 'convolution') {
    const { kernel, image, channels } = step;
    if (kernels['transformedFilterFloats'](...windowArguments(step), channels) > 0)
      return kernels['winogradScratchBytes'](image[2]);
    return kernels['convFusedScratchBytes'](kernel[0] * kernel[1] * image[2]);
  }
  if (step.kind === 'depthwise') {
    const { image, kernel, pads, out } = step;
    return kernels['depthwiseFusedScratchBytes'](image[1], image[2], kernel[0], pads[1], out[0]);
  }
  return 0;
}
