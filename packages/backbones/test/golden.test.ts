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

/** Golden files, with the tolerance of their gradients and the cases that plain JavaScript runs in good time. */
const families = [
  { file: 'lcnet', tolerance: 1e-4, onCpu: ['lcnet_050 64x64 evaluation'] },
  {
    file: 'mobilenetv3',
    tolerance: 1e-3,
    onCpu: ['mobilenetv3_small_050 64x64 evaluation', 'mobilenetv3_small_050 64x64 training'],
  },
];

describe.each(families)('$file', ({ file, tolerance, onCpu }) => {
  const { cases } = readGolden<BackboneCase>(file);

  describe.each(everyBackend.filter((name) => name !== 'cpu'))('on %s', { timeout: 60_000 }, (backend) => {
    // A software GPU takes seconds to compile its programs: one family is enough there.
    const here = backend === 'webgpu' && file !== 'lcnet' ? [] : cases;

    test.each(here)('the maps of $name', (c) => expectMaps(backend, c));

    test.each(here.filter((c) => c.gradients))('gradients and running statistics of $name', (c) =>
      expectGradients(backend, c, tolerance),
    );
  });

  test.each(onCpu)('the maps of %s on cpu', (name) => expectMaps('cpu', cases.find((c) => c.name === name)!));
});
