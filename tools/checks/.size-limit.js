// Size budgets of the built packages, minified and gzipped, for `npm run check:sizes`. A budget is 20 % above the current size,
// or 50 % for packages to which kernels or networks are still added. `whole` measures a package without its dependencies. `one`
// measures a single import with all its dependencies except TensorFlow.js, which shows that tree shaking works.
import { builtinModules } from 'node:module';
import { fileURLToPath } from 'node:url';

const BUILTIN = [...builtinModules, ...builtinModules.map((name) => `node:${name}`)];
const path = (folder, file) => fileURLToPath(new URL(`../../${folder}/dist/${file}.js`, import.meta.url));
// With the platform `browser`, an entry for pages that imports Node's modules fails to bundle.
const esbuild = (platform) => (config) => ({ ...config, platform, format: 'esm', target: 'es2022' });
const own = (name) => (name.includes('/') ? name : `packages/${name}`);

function whole(name, limit, { file = 'index', platform = 'browser', ignore = [] } = {}) {
  return {
    name: `all of ${name.replace('apps/trainer', 'unitsphere')}${file === 'index' ? '' : `/${file}`}`,
    path: path(own(name), file),
    ignore: ['@tensorflow/*', '@unitsphere/*', ...ignore, ...(platform === 'node' ? BUILTIN : [])],
    limit,
    gzip: true,
    modifyEsbuildConfig: esbuild(platform),
  };
}

function one(imports, name, limit, file = 'index') {
  return {
    name: `{ ${imports} } of ${name}`,
    path: path(own(name), file),
    import: `{ ${imports} }`,
    ignore: ['@tensorflow/*'],
    limit,
    gzip: true,
    modifyEsbuildConfig: esbuild('browser'),
  };
}

const NODE = { platform: 'node' };

export default [
  // A loss may add at most 5 kB to tfjs-core.
  one('CosFace', 'margin-losses', '5 kB'),
  one('ArcFace', 'margin-losses', '5 kB'),
  one('CombinedMargin', 'margin-losses', '5 kB'),
  one('NormalizedSoftmax', 'margin-losses', '5 kB'),
  one('SphereFace', 'margin-losses', '5 kB'),
  one('AdaFace', 'margin-losses', '5 kB'),
  one('CurricularFace', 'margin-losses', '5 kB'),
  one('ContrastiveLoss', 'pair-losses', '12 kB'),
  one('ProxyAnchorLoss', 'pair-losses', '11 kB'),
  one('createPairLoss', 'pair-losses', '35 kB', 'registry'),
  one('linearRamp', 'margin-losses', '500 B'),
  one('createMarginLoss', 'margin-losses', '6.5 kB', 'registry'),
  one('cosineLayer', 'margin-losses', '5 kB', 'layers'),
  one('Random', 'core', '1 kB', 'random'),
  one('createGallery', 'recognition', '45 kB'),
  one('verifyEmbeddings', 'verification', '4.6 kB'),
  one('conv2d', 'ops', '95 kB'),
  one('LayerNorm', 'norms', '103 kB'),
  one('AdamW', 'optimizers', '89 kB'),
  one('EmbeddingHead', 'necks', '125 kB'),

  whole('backbones', '12 kB'),
  whole('backends', '8.8 kB'),
  whole('backends', '8.4 kB', { file: 'install', ...NODE, ignore: ['yauzl', 'fastest-levenshtein'] }),
  whole('clip-distiller', '8 kB'),
  whole('clip-distiller', '2.8 kB', { file: 'node', ...NODE }),
  whole('clip-distiller', '2.4 kB', {
    file: 'onnx',
    ...NODE,
    ignore: ['onnxruntime-node', 'onnxruntime-web'],
  }),
  whole('collectives', '5.8 kB', NODE),
  whole('core', '8.1 kB'),
  whole('core', '6.7 kB', { file: 'disk' }),
  whole('data', '94 kB', { file: 'browser' }),
  whole('data', '106 kB', {
    ...NODE,
    ignore: ['sharp', '@napi-rs/canvas', '@fontsource/*', 'csv-parse', 'hyparquet', 'hyparquet/*', 'tar'],
  }),
  whole('embedder', '16 kB', { ignore: ['onnxruntime-node', 'onnxruntime-web'] }),
  whole('images', '8.1 kB', { file: 'browser' }),
  whole('images', '8.5 kB', { ...NODE, ignore: ['sharp'] }),
  whole('inference', '13.4 kB'),
  whole('margin-losses', '5.4 kB'),
  whole('mixed-precision', '4 kB'),
  whole('mpi', '9 kB', { ...NODE, ignore: ['koffi'] }),
  whole('native', '2.6 kB', NODE),
  whole('necks', '1.3 kB'),
  whole('norms', '1.1 kB'),
  whole('ops', '138 kB'),
  whole('optimizers', '4.1 kB'),
  whole('onnx-export', '19 kB', { ignore: ['@bufbuild/*'] }),
  whole('onnx-export', '1 kB', { file: 'node', ...NODE }),
  whole('pair-losses', '37 kB'),
  whole('models', '5 MB'),
  whole('partial-fc', '13 kB'),
  whole('partial-fc', '15.5 kB', { file: 'file', ...NODE }),
  whole('pretrained', '24 kB', { ignore: ['@bufbuild/*', 'fastest-levenshtein', ...BUILTIN] }),
  whole('recognition', '24 kB'),
  whole('recognition', '27 kB', { file: 'file', ...NODE }),
  whole('recognition', '9 kB', { file: 'postgres', ...NODE, ignore: ['pg'] }),
  whole('recognition', '1.6 kB', { file: 'usearch', ...NODE, ignore: ['usearch'] }),
  whole('verification', '21 kB'),
  whole('verification', '25 kB', { file: 'statistics' }),
  whole('verification', '3 kB', { file: 'clusters', ignore: ['ml-kmeans'] }),
  whole('apps/trainer', '42 kB', { file: 'browser', ignore: ['yaml', 'zod', 'fastest-levenshtein'] }),
];
