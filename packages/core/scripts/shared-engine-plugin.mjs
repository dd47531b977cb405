import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, relative, resolve } from 'node:path';

const require = createRequire(import.meta.url);

/**
 * Returns an esbuild plugin that bundles TensorFlow.js's gradient and chained-method files so that they work on the
 * caller's copy of tfjs-core. Imports of public exports become imports of '@tensorflow/tfjs-core', and the engine becomes
 * tf.engine(). Only small private wrappers are copied: no second engine, tensor class or registry.
 */
export function sharedEnginePlugin() {
  const tf = require('@tensorflow/tfjs-core');
  const dist = dirname(require.resolve('@tensorflow/tfjs-core'));
  const bundled = [join(dist, 'gradients'), join(dist, 'public', 'chained_ops')];
  const isBundled = (file) =>
    bundled.some((folder) => file.startsWith(folder)) || file.endsWith('register_all_gradients.js');
  return {
    name: 'shared-engine',
    setup(build) {
      build.onResolve({ filter: /^tfjs-core-file:/ }, ({ path }) => ({
        path: join(dist, path.slice('tfjs-core-file:'.length)),
      }));
      build.onResolve({ filter: /^\./ }, async ({ path, importer, namespace }) => {
        const from = namespace === 'public' ? join(dist, importer) : importer;
        if (!from.startsWith(dist)) return undefined;
        const file = `${resolve(dirname(from), path)}.js`;
        if (isBundled(file)) return { path: file };
        const source = await publicSource(tf, file, relative(dist, file));
        return source
          ? { path: relative(dist, file), namespace: 'public', pluginData: source }
          : { path: file };
      });
      build.onLoad({ filter: /.*/, namespace: 'public' }, ({ pluginData }) => ({
        contents: pluginData,
        loader: 'js',
        resolveDir: dist,
      }));
    },
  };
}

/** Returns a module that re-exports the file's exports from the public package; undefined if one of them is not public. */
async function publicSource(tf, file, name) {
  const head = `import * as tf from '@tensorflow/tfjs-core';\n`;
  if (name === 'engine.js') return `${head}export const ENGINE = tf.engine();\n`;
  if (name === 'tensor.js') {
    return `${head}export const getGlobalTensorClass = () => tf.Tensor;\nexport const { Tensor, Variable } = tf;\n`;
  }
  if (name === 'environment.js') return `export { env, ENV } from '@tensorflow/tfjs-core';\n`;
  if (name === 'kernel_registry.js') {
    // Existing registrations are kept.
    return `${head}export const registerGradient = (config) => {\n  if (!tf.getGradient(config.kernelName)) tf.registerGradient(config);\n};\n`;
  }
  if (name === 'ops/ops.js') return `export * from '@tensorflow/tfjs-core';\n`;
  const names = await exportedNames(file);
  if (names.length === 0) return undefined;
  const homes = [
    ['tf', tf],
    ['tf.util', tf.util],
    ['tf.backend_util', tf.backend_util],
    ['tf.slice_util', tf.slice_util],
    ['tf.broadcast_util', tf.broadcast_util],
  ];
  const lines = names.map((n) => {
    const home = homes.find(([, object]) => object && n in object);
    return (
      home &&
      (home[0] === 'tf'
        ? `export { ${n} } from '@tensorflow/tfjs-core';`
        : `export const ${n} = ${home[0]}.${n};`)
    );
  });
  return lines.every(Boolean) ? head + lines.join('\n') : undefined;
}

async function exportedNames(file) {
  const text = await readFile(file, 'utf8');
  const listed = (match) => match[1].split(',').map((name) => name.trim().split(' as ').pop());
  const starred = [...text.matchAll(/^export \* from '(\..+)';/gm)].map((match) =>
    exportedNames(join(dirname(file), `${match[1]}.js`)),
  );
  return [
    ...[...text.matchAll(/^export (?:async )?(?:function|const|let|class) (\w+)/gm)].map((match) => match[1]),
    ...[...text.matchAll(/^export \{ ([^}]+) \}/gm)].flatMap(listed),
    ...(await Promise.all(starred)).flat(),
  ];
}
