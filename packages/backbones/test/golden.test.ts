/**
 * Every backbone against the values of timm's, or of insightface's. Plain JavaScript takes seconds for gradients and
 * for the larger networks, so these run on the other backends.
 */
import { describe, expect, test } from 'vitest';
import { passOf, toStateDict } from '../../../tools/golden/module-pass';
import { type GoldenTensor, readGolden, relativeError } from '../../../tools/golden/read';
import { everyBackend, start } from '../../../tools/workspace/backends';
import { SqueezeExcite } from '../src/index';
import { type BackboneCase, expectGradients, expectMaps, zeros } from './golden-case';

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
    const pass = await passOf(module, c.x, c.dy);
    expect(relativeError(pass.y, c.y), 'y').toBeLessThan(1e-4);
    expect(relativeError(pass.dx, c.dx), 'dx').toBeLessThan(1e-4);
    expect([...pass.gradients.keys()]).toEqual(Object.keys(c.gradients));
    for (const [key, expected] of Object.entries(c.gradients))
      expect(relativeError(pass.gradients.get(key)!, expected), key).toBeLessThan(1e-4);
    module.dispose();
  });
});

/**
 * Golden files, the tolerance of their gradients, and the cases whose maps run on every backend: each family's smallest
 * network, with batch norm in both modes.
 */
const families = [
  { file: 'lcnet', tolerance: 1e-4, onCpu: ['lcnet_050 64x64 evaluation', 'lcnet_050 64x64 training'] },
  {
    file: 'mobilenetv3',
    tolerance: 1e-3,
    onCpu: ['mobilenetv3_small_050 64x64 evaluation', 'mobilenetv3_small_050 64x64 training'],
  },
  { file: 'resnet', tolerance: 1e-3, onCpu: ['resnet18 32x32 evaluation', 'resnet18 48x48 training'] },
  { file: 'iresnet', tolerance: 1e-3, onCpu: ['iresnet18 32x32 evaluation', 'iresnet18 32x32 training'] },
  {
    file: 'mobilefacenet',
    tolerance: 1e-3,
    onCpu: ['mobilefacenet 48x48 evaluation', 'mobilefacenet 48x48 training'],
  },
  {
    file: 'efficientnet',
    tolerance: 1e-3,
    onCpu: ['efficientnet_b0 64x64 evaluation', 'efficientnet_b0 64x64 training'],
  },
  { file: 'vit', tolerance: 1e-3, onCpu: ['vit_tiny_patch16_224 48x48 training'] },
  {
    file: 'mobilenetv4',
    tolerance: 1e-3,
    onCpu: ['mobilenetv4_conv_small_035 64x64 evaluation', 'mobilenetv4_conv_small_035 64x64 training'],
  },
];

/** What would take a good part of a minute: stock programs of attention on a software GPU, a hundred million weights. */
const tooSlow = (backend: string, { model }: BackboneCase) =>
  backend === 'webgpu'
    ? model === 'vit_small_patch16_224'
    : backend !== 'wasm' && ['iresnet100', 'iresnet200'].includes(model);

describe.each(families)('$file', { timeout: 60_000 }, ({ file, tolerance, onCpu }) => {
  const { cases } = readGolden<BackboneCase>(file);

  test.each(onCpu)('the maps of %s on cpu', (name) => expectMaps('cpu', cases.find((c) => c.name === name)!));

  describe.each(everyBackend.filter((name) => name !== 'cpu'))('on %s', (backend) => {
    // A software GPU takes seconds to compile the programs of gradients: one family's are enough there.
    const withGradients = backend !== 'webgpu' || file === 'lcnet';
    const mapsAlone = cases.filter((c) => !c.gradients || !withGradients);
    test.each(mapsAlone.filter((c) => !tooSlow(backend, c)))('the maps of $name', (c) =>
      expectMaps(backend, c),
    );

    test.each(cases.filter((c) => !mapsAlone.includes(c)))(
      'maps, gradients and running statistics of $name',
      (c) => expectGradients(backend, c, tolerance),
    );
  });
});
