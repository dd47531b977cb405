/**
 * Compares every backbone with golden values of timm or insightface. The cpu backend needs seconds for gradients, so only
 * the other backends compare these.
 */

import { everyBackend, start } from '@unitsphere/testing/backends';
import { type GoldenTensor, readGolden, relativeError } from '@unitsphere/testing/golden';
import { runPass, toStateDict } from '@unitsphere/testing/golden/module-pass';
import { describe, expect, test } from 'vitest';
import { SqueezeExcite } from '../src/index.js';
import { type BackboneCase, expectGradients, expectMaps, zeros } from './golden-case.js';

interface SqueezeExciteCase extends Pick<BackboneCase, 'name' | 'state' | 'x' | 'dy' | 'dx'> {
  options: { channels: number; reducedChannels: number };
  y: GoldenTensor;
  gradients: Record<string, GoldenTensor>;
}

describe.each(everyBackend)('SqueezeExcite on %s', (backend) => {
  test.each(readGolden<SqueezeExciteCase>('squeeze_excite').cases)('$name', async (c) => {
    await start(backend);
    const module = new SqueezeExcite(c.options.channels, c.options.reducedChannels, zeros);
    module.loadStateDict(toStateDict(c.state));
    const pass = await runPass(module, c.x, c.dy);
    expect(relativeError(pass.y, c.y), 'y').toBeLessThan(1e-4);
    expect(relativeError(pass.dx, c.dx), 'dx').toBeLessThan(1e-4);
    expect([...pass.gradients.keys()]).toEqual(Object.keys(c.gradients));
    for (const [key, expected] of Object.entries(c.gradients))
      expect(relativeError(pass.gradients.get(key)!, expected), key).toBeLessThan(1e-4);
    module.dispose();
  });
});

/**
 * Golden files, the tolerance of their gradients, and the case that every backend runs. The others run on wasm only: the
 * contract compares every operation and layer on all backends, so a whole network finds nothing more there but how they
 * fit together. wasm runs one of the deepest networks in training and one in evaluation. cpu runs the smallest network only.
 * UNITSPHERE_ALL_BACKBONES=true runs every case on every backend, which takes minutes.
 */
const families = [
  { file: 'lcnet', tolerance: 1e-4, everywhere: /^lcnet_050 / },
  { file: 'mobilenetv3', tolerance: 1e-3, everywhere: /^mobilenetv3_small_050 64x64 training/ },
  { file: 'resnet', tolerance: 1e-3, everywhere: /^resnet18 32x32 evaluation/ },
  { file: 'iresnet', tolerance: 1e-3, everywhere: /^iresnet18 32x32 training/ },
  { file: 'mobilefacenet', tolerance: 1e-3, everywhere: /^mobilefacenet 48x48 training/ },
  { file: 'efficientnet', tolerance: 1e-3, everywhere: /^tf_efficientnet_lite0 32x32 evaluation/ },
  { file: 'vit', tolerance: 1e-3, everywhere: /^vit_tiny_patch16_224 48x48 training/ },
  { file: 'mobilenetv4', tolerance: 1e-3, everywhere: /^mobilenetv4_conv_small_035 64x64 training/ },
];

const isChosen = (backend: string, name: string, everywhere: RegExp) => {
  if (process.env['UNITSPHERE_ALL_BACKBONES'] === 'true') return true;
  if (backend === 'wasm') return !/^iresnet(100 32x32|200 16x16)/.test(name);
  return everywhere.test(name) && (backend !== 'cpu' || name.startsWith('lcnet'));
};

describe.each(families)('$file', { timeout: 60_000 }, ({ file, tolerance, everywhere }) => {
  const { cases } = readGolden<BackboneCase>(file);

  // A suite without tests is a failure.
  const backends = everyBackend.filter((backend) =>
    cases.some(({ name }) => isChosen(backend, name, everywhere)),
  );

  describe.each(backends)('on %s', (backend) => {
    const withGradients = ({ gradients }: BackboneCase) => gradients && backend !== 'cpu';
    const run = cases.filter(({ name }) => isChosen(backend, name, everywhere));
    test.each(run.filter((c) => !withGradients(c)))('matches the maps of $name', (c) =>
      expectMaps(backend, c),
    );

    test.each(run.filter(withGradients))('matches maps, gradients and running statistics of $name', (c) =>
      expectGradients(backend, c, tolerance),
    );
  });
});
