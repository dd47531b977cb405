import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { BACKEND_CHOICES } from '@unitsphere/backends';
import { describe, expect, test } from 'vitest';
import { configJsonSchema } from '../src/config/json-schema.js';
import { keyPaths, keysOf } from '../src/config/key-paths.js';
import { absolutePaths, loadConfig } from '../src/config/load-config.js';
import { optionOverrides, parseOverride, parseOverrides } from '../src/config/overrides.js';
import { parseConfig, stringifyConfig } from '../src/config/parse-config.js';
import { CHOICES } from '../src/config/schema.js';
import { UserError } from '../src/user-error.js';

const root = fileURLToPath(new URL('../../../', import.meta.url));

/** Returns the message of a config's UserError. */
function complaint(yaml: string, ...set: string[]): string {
  try {
    parseConfig(yaml, { file: 'my.yaml', overrides: set.map(parseOverride) });
  } catch (error) {
    expect(error).toBeInstanceOf(UserError);
    return (error as UserError).message;
  }
  return 'no error';
}

describe('defaults', () => {
  test('fill in an empty file', () => {
    expect(parseConfig('')).toMatchSnapshot();
    expect(parseConfig('# nothing\n')).toEqual(parseConfig(''));
    expect(parseConfig('data:\nloss:\n')).toEqual(parseConfig(''));
  });

  test('are the same for `augment: true` and an empty section', () => {
    expect(parseConfig('data: {augment: {}}')).toEqual(parseConfig('data: {augment: true}'));
  });

  test('depend on other settings', () => {
    const { loss, optimizer, schedule, model, training, data } = parseConfig(`
loss: {name: combined, scale: 30, warmup: {steps: 9}}
optimizer: {name: sgd}
schedule: {name: cosine}
model: {neck: gap}
data: {source: folder, path: /pictures, split: {train: 0.85, validation: 0}}
`);
    expect(loss).toEqual({
      name: 'combined',
      pairs: null,
      scale: 30,
      gradient: 'exact',
      m1: 1,
      m2: 0.3,
      m3: 0.2,
      warmup: { steps: 9, marginFrom: 0, scaleFrom: 30 },
      centerInit: 'normal',
      centerInitStd: 0.01,
      interclassFilteringThreshold: 0,
      partialFc: { store: 'memory', unsampled: 'frozen' },
    });
    const lossOf = (yaml: string) => parseConfig(`loss: ${yaml}`).loss;
    expect(lossOf('{name: adaface}')).toMatchObject({
      margin: 0.4,
      h: 0.333,
      tAlpha: 0.01,
      gradient: 'exact',
    });
    expect(lossOf('{name: curricularface}')).toMatchObject({ margin: 0.5, momentum: 0.01 });
    expect(lossOf('{name: sphereface, warmup: {steps: 9}}')).toMatchObject({
      margin: 1.7,
      form: 'sphereface',
      gradient: 'pass-through',
      warmup: { marginFrom: 1 },
    });
    const byFraction = parseConfig(
      '{data: {views: 24, uprightFraction: 0.2}, loss: {warmup: {fraction: 0.4}}, training: {steps: 50}}',
    );
    expect(byFraction.loss.warmup).toMatchObject({ steps: 20, marginFrom: 0 });
    expect(byFraction.data).toMatchObject({ uprightSteps: 10 });
    expect(optimizer).toMatchObject({ name: 'sgd', momentum: 0.9, nesterov: false });
    expect(optimizer).not.toHaveProperty('betas');
    expect(schedule).toEqual({ name: 'cosine', warmup: 0.1 });
    expect(model).not.toHaveProperty('squeezeRatio');
    expect(training.validateEvery).toBeNull();
    expect(data).not.toHaveProperty('identities');
  });
});

test('refuses a path for generated faces', () => {
  expect(parseConfig('data: { source: faces }').data).toMatchObject({
    source: 'faces',
    identities: 1500,
    augment: false,
  });
  expect(() => parseConfig('data: { source: faces, path: x }')).toThrow(
    'faces are generated and have no path',
  );
});

test('augments cards, whose samples are equal, and keeps their material', () => {
  const { data } = parseConfig('data: { source: cards, photographs: photos, pictures: [icons.json] }');
  expect(data).toMatchObject({
    source: 'cards',
    identities: 1500,
    photographs: 'photos',
    pictures: ['icons.json'],
    augment: { probability: 1 },
  });
});

describe('stringifyConfig', () => {
  test.each([
    '',
    'loss: {name: softmax, warmup: {steps: 5, scaleFrom: 8}}',
    'loss: {name: combined, warmup: {steps: 5}}',
    'loss: {name: adaface, h: 0.5, gradient: pass-through, warmup: {steps: 5}}',
    'loss: {name: curricularface, momentum: 0.1, margin: 0.3}',
    'loss: {name: subcenter-arcface, subCenters: 4}',
    'loss: {name: sphereface, form: sphereface-r, warmup: {steps: 5}, gradient: exact}',
    'optimizer: {name: sgd, nesterov: true, clipNorm: null, ema: {decay: 0.99}}',
    'data: {source: folder, path: "a: b #c", cacheDir: x, augment: false, split: {train: 0.85, validation: 0}}',
    'data: {augment: {probability: 1}}\nschedule: {name: constant}\nmodel: {neck: flatten, pretrained: w.safetensors}',
    'training: {validateEvery: null, checkpointEvery: null}\noutput: {name: mine}',
    'data: {source: faces, identities: 30}',
    'data: {source: cards, photographs: x, pictures: [y], augment: false}\nmodel: {outIndex: 3}',
    'loss: {partialFc: {sampleRate: 0.1, store: host, unsampled: caught-up}, interclassFilteringThreshold: 0.5}',
    'loss: {centerInit: imprinted, partialFc: {sampledClasses: 1000, store: file}}\ntraining: {growFrom: /runs/old}',
  ])('survives parsing: %s', (yaml) => {
    const config = parseConfig(yaml);
    expect(parseConfig(stringifyConfig(config))).toEqual(config);
  });
});

describe('errors name the position, the key and the remedy', () => {
  test.each([
    ['training:\n  stepz: 3'],
    ['loss:\n  lr: 0.1'],
    ['model:\n  colour: red'],
    ['colour: red'],
    ['optimizer: {rl: 1}'],
    ['optimiser: {lr: 1}'],
    ['data: {augment: {probabilty: 0.3}}'],
    ['data: {augment: {groups: {colour: 1}}}'],
    ['data:\n  split: {dev: 0.1}'],
  ])('unknown key: %s', (yaml) => expect(complaint(yaml)).toMatchSnapshot());

  test.each([
    ['model:\n  backbone: lcnet_050x'],
    ['model: {neck: Squeeze}'],
    ['loss: {name: triplet}'],
    ['loss: {name: 3}'],
    ['backend: wsam'],
    ['backend: webgl'],
    ['data: {views: 8}'],
    ['model: {norm: batchnorm-layernrom}'],
  ])('unknown choice: %s', (yaml) => expect(complaint(yaml)).toMatchSnapshot());

  test.each([
    ['optimizer: {lr: fast}'],
    ['optimizer: {lr: -1}'],
    ['optimizer: {betas: 0.9}'],
    ['optimizer: {betas: [0.9]}'],
    ['optimizer: {betas: [0.9, 1]}'],
    ['optimizer: {ema: {}}'],
    ['training: {steps: 0}'],
    ['loss: {partialFc: {sampleRate: 0}}'],
    ['loss: {partialFc: {store: disk}}'],
    ['training: {steps: 10.5}'],
    ['training: {steps: .inf}'],
    ['training: {batchSize: 1}'],
    ['data: {imageSize: 100}'],
    ['data: {augment: sometimes}'],
    ['data: {augment: {probability: 2}}'],
    ['data: 3'],
    ['data: {split: {train: 1.5}}'],
    ['data: {path: ""}'],
    ['output: {name: a/b}'],
    ['seed: 1e30'],
    ['training: {checkpointEvery: never}'],
  ])('wrong value: %s', (yaml) => expect(complaint(yaml)).toMatchSnapshot());

  test.each([
    ['data: {source: folder}'],
    ['data: {source: folder, path: x, identities: 5}'],
    ['data: {path: x}'],
    ['data: {cacheDir: x}'],
    ['data: {photographs: x}'],
    ['data: {source: folder, path: x, pictures: [x]}'],
    ['model: {outIndex: 5}'],
    ['loss: {partialFc: {sampleRate: 0.1, sampledClasses: 10}}'],
    ['loss: {partialFc: {cacheMiB: 10}}'],
    ['data: {imagesPerClass: 3}'],
    ['model: {pretrained: w.safetensors}\ntraining: {growFrom: runs/old}'],
    ['loss: {centerInit: imprinted}'],
    [
      'loss: {name: subcenter-arcface, subCenters: 2.5, centerInit: imprinted}\nmodel: {pretrained: a.safetensors}',
    ],
    ['data:\n  split: {train: 0.9, validation: 0.2}'],
    ['data: {split: {train: 0.85, validation: 0}}\ntraining: {validateEvery: 10}'],
    ['data: {split: {test: 0}}\ntraining: {testEvery: 10}'],
    ['model: {neck: gap, squeezeRatio: 0.5}'],
    ['loss: {name: softmax, margin: 0.4}'],
    ['loss: {name: combined, margin: 0.4}'],
    ['loss: {name: arcface, m2: 0.4}'],
    ['loss: {h: 0.3}'],
    ['loss: {name: adaface, momentum: 0.1, margin: 1.6}'],
    ['loss: {name: sphereface, margin: 0.5, warmup: {steps: 5, marginFrom: 0.1}}'],
    ['loss: {name: arcface, margin: 4}'],
    ['data: {uprightFraction: 0.5}'],
    ['data: {views: 24, uprightSteps: 5, uprightFraction: 0.5}'],
    ['loss: {warmup: {steps: 2000}}'],
    ['loss: {warmup: {}}'],
    ['loss: {warmup: {steps: 20, fraction: 0.5}}'],
    ['loss: {name: softmax, warmup: {steps: 20, marginFrom: 0.1}}'],
    ['optimizer: {name: adamw, momentum: 0.9}'],
    ['optimizer: {name: sgd, betas: [0.9, 0.99]}'],
    ['optimizer: {name: sgd, nesterov: true, momentum: 0}'],
    ['schedule: {name: cosine, power: 2}'],
    ['distillation: {teacher: {}}'],
    ['distillation: {teacher: {clip: ViT-B-32}}'],
    ['distillation: {teacher: {clip: ViT-B-32, weights: a, layout: NHWC}}'],
    ['distillation: {teacher: {onnx: a.onnx, weights: a}}'],
    ['distillation: {teacher: {onnx: a.onnx, clip: ViT-B-32, weights: a}}'],
    ['distillation: {teacher: {clip: ViT-B-32, weights: a}, loss: cosine, temperature: 1}'],
    ['distillation: {teacher: {clip: ViT-B-32, weights: a}, normalize: true, finalWeight: 1}'],
    ['distillation: {teacher: {clip: ViT-B-32, weights: a}, warmupSteps: 2000}'],
    ['distillation: {loss: kl}'],
    ['distillation: {teacher: {clip: ViT-B32, weights: a}, loss: lk}'],
  ])('invalid combination: %s', (yaml) => expect(complaint(yaml)).toMatchSnapshot());

  test.each([
    ['seed: 1\n  lr: 2'],
    ['data: {source: folder'],
    ['seed: 1\nseed: 2'],
    ['seed: "1'],
    ['- seed'],
    ['just words'],
  ])('not YAML, or not a config: %s', (yaml) => expect(complaint(yaml)).toMatchSnapshot());

  test('reports several problems at once', () => {
    expect(complaint('seed: -1\nloss:\n  margn: 1\n  name: cosfase\n')).toMatchSnapshot();
  });

  test('reports values that do not fit together beside invalid ones', () => {
    const message = complaint(
      'data: {split: {train: 0.9}, imageSize: 100}\nloss: {name: arcfase, margin: 0.3}\ntraining: {batchSize: 0, replicas: 3}\noptimizer: {betas: [0.9], momentum: 0.9}\ndistillation: {loss: kl}',
    );
    expect(message.split('\n')).toEqual([
      'the config has 7 problems',
      '  my.yaml:2:14: loss.name: "arcfase" is not a choice; did you mean arcface? (cosface, arcface, combined, softmax, adaface, curricularface, sphereface, subcenter-arcface, none)',
      '  my.yaml:4:20: optimizer.betas: expected a list of 2, not the list [0.9]',
      '  my.yaml:3:23: training.batchSize: must be at least 2, not 0',
      '  my.yaml:5:1: distillation.teacher: is missing: a section of settings',
      '  my.yaml:1:15: data.split: train 0.9 + validation 0.05 + test 0.15 = 1.1, but the fractions must add up to 1',
      '  my.yaml:1:40: data.imageSize: must be a multiple of 32, the stride of lcnet_050; use 96 or 128',
      '  my.yaml:4:37: optimizer.momentum: only name: sgd has momentum; leave it out (--set optimizer.momentum=)',
    ]);
  });

  test('does not judge other settings by the default that replaces an invalid one', () => {
    // With the default of 1000 steps, the warm-up would be too long.
    expect(complaint('training: {steps: -1}\nloss: {warmup: {steps: 2000}}')).toBe(
      'my.yaml:1:19: training.steps: must be at least 1, not -1',
    );
    // With the default loss, the setting would not exist.
    expect(complaint('loss: {name: adafase, h: 0.3}')).toMatch(/^my\.yaml:1:14: loss\.name: [^\n]*$/);
    expect(complaint('data: {source: 3, path: x}')).toMatch(/^my\.yaml:1:16: data\.source: [^\n]*$/);
  });

  test('lists every value that is not YAML', () => {
    expect(() => parseOverrides(['seed=[1', 'loss.margin=0.3', '=2'])).toThrow(
      expect.objectContaining({
        message: expect.stringMatching(
          /^2 settings are invalid\n {2}--set seed=\[1: the value is not YAML: .*\n {2}--set =2: expected KEY=VALUE$/s,
        ),
        hint: expect.stringContaining('Write KEY=VALUE'),
      }),
    );
    expect(complaint('seed: 1\nseed: 2\nloss: {name: arcface, name: cosface}').split('\n')).toHaveLength(2);
  });

  test('reports a missing key at the position of its section', () => {
    expect(complaint('seed: 1\ndata:\n  source: folder\n')).toMatch(/^my\.yaml:2:1: data\.path: /);
  });
});

describe('overrides of the command line', () => {
  test('parse values as YAML', () => {
    const set = [
      'loss.margin=0.3',
      'optimizer.betas=[0.5, 0.9]',
      'optimizer.clipNorm=null',
      'data.augment=false',
    ];
    const config = parseConfig('loss: {margin: 0.2}', { overrides: set.map(parseOverride) });
    expect(config.loss).toMatchObject({ margin: 0.3 });
    expect(config.optimizer).toMatchObject({ betas: [0.5, 0.9], clipNorm: null });
    expect(config.data.augment).toBe(false);
  });

  test('turn a switch into a section, let the last setting win and remove settings with empty values', () => {
    const set = [
      'data.augment.probability=.3',
      'seed=1',
      'seed=2',
      'loss.name=softmax',
      'loss.margin=',
      'model.x=',
    ];
    const config = parseConfig('loss: {margin: 0.2}\ndata: {augment: true}', {
      overrides: set.map(parseOverride),
    });
    expect(config.data.augment).toMatchObject({ probability: 0.3, groups: { noise: 0.5 } });
    expect(config.seed).toBe(2);
    expect(config.loss).not.toHaveProperty('margin');
  });

  test('--data turns a config of documents into one of a folder', () => {
    const overrides = optionOverrides({ data: 'cards', backend: 'cpu', output: 'out' });
    const config = parseConfig('data: {identities: 5}', { overrides });
    expect(config.data).toMatchObject({ source: 'folder', path: 'cards' });
    expect(config.backend).toBe('cpu');
    expect(config.output.directory).toBe('out');
  });

  test.each([
    [['loss.margn=3']],
    [['loss.margin=big']],
    [['loss.margin.deep=1']],
    [['__proto__.x=1']],
    [['seed=[1']],
    [['seed']],
    [['=1']],
    [['a..b=1']],
    [['loss.name=softmax']],
  ])('report invalid settings: %s', (set) =>
    expect(complaint('loss: {margin: 0.1}', ...set)).toMatchSnapshot(),
  );

  test('report an unknown --backend as written', () => {
    expect(() => parseConfig('', { overrides: optionOverrides({ backend: 'wasmm' }) })).toThrow(
      '--backend wasmm: backend: "wasmm" is not a choice; did you mean wasm? (auto, cuda, webgpu, wasm, node, cpu)',
    );
  });
});

describe('loadConfig', () => {
  const configs = readdirSync(`${root}configs`)
    .filter((file) => file.endsWith('.yaml'))
    .sort();

  test('distinguishes a missing file from a folder', () => {
    expect(() => loadConfig('no-such.yaml')).toThrow('there is no config no-such.yaml');
    expect(() => loadConfig(root)).toThrow('is a folder, not a config file');
  });

  test('finds built-in configs by name, and lists all of them for an unknown name', () => {
    expect(loadConfig('documents')).toEqual(loadConfig(`${root}configs/documents.yaml`));
    expect(loadConfig('cards', optionOverrides({ data: 'photos' })).data).toMatchObject({
      uprightSteps: 1800,
    });
    expect(() => loadConfig('card')).toThrow(
      expect.objectContaining({
        message: 'there is no config card; did you mean cards?',
        hint: `Built-in names: ${configs
          .map((file) => file.replace('.yaml', ''))
          .sort()
          .join(', ')}.`,
      }),
    );
  });

  test('makes paths absolute', () => {
    const config = loadConfig(undefined, optionOverrides({ data: 'cards' }));
    expect(config.data).toHaveProperty('path', `${process.cwd()}/cards`);
    expect(config.output.directory).toBe(`${process.cwd()}/runs`);
    const distilling = (teacher: string) =>
      absolutePaths(parseConfig(`distillation: { teacher: ${teacher}, cacheDir: cache }`)).distillation!;
    const { teacher, cacheDir } = distilling('{ onnx: a.onnx, preprocessing: { imageSize: 8 } }');
    expect(teacher).toHaveProperty('onnx', `${process.cwd()}/a.onnx`);
    expect(cacheDir).toBe(`${process.cwd()}/cache`);
    const weights = (written: string) => distilling(`{ clip: ViT-B-32, weights: ${written} }`).teacher;
    expect(weights('clip.safetensors')).toHaveProperty('weights', `${process.cwd()}/clip.safetensors`);
    expect(weights('openai/clip-vit-base-patch32')).toHaveProperty('weights', 'openai/clip-vit-base-patch32');
  });

  test('weights the default distillation loss with 3 and any other with 1', () => {
    const distilling = (more: string) =>
      parseConfig(`distillation: { teacher: { clip: ViT-B-32, weights: a }${more} }`).distillation;
    expect(distilling('')).toMatchObject({ loss: 'rkd-distance', weight: 3, center: false });
    expect(distilling(', loss: kl')).toMatchObject({ loss: 'kl', weight: 1 });
    expect(distilling(', weight: 0.5')).toMatchObject({ loss: 'rkd-distance', weight: 0.5 });
  });

  test.each(configs)('configs/%s is valid and names the schema', (file) => {
    const text = readFileSync(`${root}configs/${file}`, 'utf8');
    const required = [
      ...(/^ *source: folder/m.test(text) ? optionOverrides({ data: 'cards' }) : []),
      ...(/^ *centerInit: imprinted/m.test(text) ? [parseOverride('training.growFrom=runs/old')] : []),
    ];
    loadConfig(`${root}configs/${file}`, required);
    const [first] = text.split('\n');
    expect(first).toBe('# yaml-language-server: $schema=../apps/trainer/schema/config.schema.json');
  });
});

describe('schema', () => {
  test('on disk is up to date (npm run schema -w apps/trainer)', () => {
    const file = JSON.parse(readFileSync(new URL('../schema/config.schema.json', import.meta.url), 'utf8'));
    expect(file).toEqual(JSON.parse(JSON.stringify(configJsonSchema())));
  });

  test('lists the keys of every section', () => {
    expect(keysOf(['data', 'augment'])).toEqual(['probability', 'groups', 'border']);
    expect(keyPaths().map((path) => path.join('.'))).toContain('loss.warmup.scaleFrom');
    expect(keysOf(['seed'])).toEqual([]);
  });

  test('lists the backends of the backends package', () => {
    expect(CHOICES.backend).toEqual(BACKEND_CHOICES);
  });
});
