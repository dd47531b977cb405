// Builds the page with webpack, Vite and esbuild, without the optional peers. A bundler may warn of them, but not fail.
import { cpSync, existsSync, mkdirSync, readdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import esbuild from 'esbuild';
import { build } from 'vite';
import webpack from 'webpack';

const PEERS = ['onnxruntime-web', '@tensorflow/tfjs-backend-webgpu'];
for (const name of PEERS) if (existsSync(`node_modules/${name}`)) throw new Error(`${name} is installed.`);
const entry = resolve('src/main.js');
const problems = [];

const stats = await promisify(webpack)({
  mode: 'production',
  entry,
  output: { path: resolve('dist/webpack'), filename: 'main.js' },
  // Nothing is minified, because that takes longer than all the rest.
  optimization: { minimize: false },
  performance: { hints: false },
});
const { errors, warnings } = stats.toJson({ all: false, errors: true, warnings: true });
problems.push(...[...errors, ...warnings].map(({ message }) => message));

await build({
  root: 'src',
  logLevel: 'warn',
  base: './',
  build: { outDir: resolve('dist/vite'), target: 'es2022', minify: false, chunkSizeWarningLimit: 16_000 },
});

const result = await esbuild.build({
  entryPoints: [entry],
  bundle: true,
  format: 'esm',
  outfile: 'dist/esbuild/main.js',
  logLevel: 'silent',
});
problems.push(...[...result.errors, ...result.warnings].map(({ text }) => text));

const others = problems.filter((problem) => !PEERS.some((name) => problem.includes(name)));
if (stats.hasErrors() || others.length > 0) {
  throw new Error(
    `The bundlers reported:\n${[...errors.map(({ message }) => message), ...others].join('\n')}`,
  );
}

for (const name of ['webpack', 'esbuild']) cpSync('src/index.html', `dist/${name}/index.html`);
mkdirSync('dist/wasm', { recursive: true });
const wasm = 'node_modules/@tensorflow/tfjs-backend-wasm/dist';
for (const file of readdirSync(wasm))
  if (file.endsWith('.wasm')) cpSync(`${wasm}/${file}`, `dist/wasm/${file}`);
