// Executes the guides of documents/ in this folder. A block that begins with a file's name becomes that file; the commands of the
// other blocks are run. At the end, all files of TypeScript are checked with `strict`. It differs from a reader in three ways: pictures
// are synthetic, trainings are small, and a local server with random weights replaces the hub.
import { exec, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { promisify } from 'node:util';

const IDENTITIES = 24;
const SIDE = 64;
const SMALL = [
  'data.imageSize=32',
  'data.views=1',
  'data.uprightFraction=',
  'data.workers=1',
  'data.split={train: 0.6, validation: 0.2, test: 0.2}',
  'training.steps=24',
  'optimizer.lr=1e-3',
  'training.batchSize=8',
  'training.replicas=1',
  'training.validateEvery=24',
  'training.checkpointEvery=24',
  'loss.warmup=',
];

const FINE_TUNE = ['training.steps=6', 'training.validateEvery=6', 'training.checkpointEvery=6'];

// The expected output of commands, by their start.
const EXPECTED = [
  ['npx unitsphere train', /report\.html/],
  ['npx unitsphere evaluate', /AUROC/i],
  ['npx tsx compare-onnx.ts', /cosine (1|0\.9)/],
  ['npx unitsphere push', /model\.onnx: /],
  ['npx tsx embed.ts', /cosine (0\.\d|1\b)/],
  ['npx tsx phone-gallery.ts', /24 cards, threshold/],
  ['npx tsx try-phone.ts', /name: '3'.*isKnown: true/s],
  ['curl --fail --header', /^$|"decision":"(known|ambiguous)","threshold":0\.\d+,"matches":\[\{"name":"3"/],
  ['npx unitsphere demo', /\d+ of \d+ photographs recognized/],
  ['npx unitsphere recognize', /3\.png: (known|ambiguous)[\s\S]*\n {2}3 +(1\.000|0\.99)/],
];

const blocks = readdirSync('documents')
  .sort()
  .flatMap((name) => [
    ...readFileSync(join('documents', name), 'utf8').matchAll(/^```(sh|ts|html)\r?\n(.*?)^```/gms),
  ]);
if (blocks.length === 0) throw new Error('No guide has a block.');

let hub;
/** The server of a guide, which runs while its other commands do. */
let guideServer;
const sources = [];
try {
  for (const [, language, code] of blocks) {
    const [, file] = /^(?:\/\/|<!--) ([\w.-]+\.(?:ts|html))/.exec(code) ?? [];
    if (file) {
      writeFileSync(file, code);
      if (language === 'ts') sources.push(file);
    } else if (language === 'sh') for (const line of code.trim().split('\n')) await follow(line);
    else throw new Error(`The first line of this block names no file:\n${code}`);
  }
  await endServer();
  await checkTypes();
} finally {
  guideServer?.child.kill('SIGKILL');
  hub?.server.close();
}

/** Returns the settings of a small training. A shipped model has its own size of images, and larger steps. */
function smallSettings(train) {
  const kept = train.includes('document-small')
    ? [...SMALL.filter((setting) => !/imageSize/.test(setting)), ...FINE_TUNE]
    : SMALL;
  return kept.flatMap((setting) => ['--set', `'${setting}'`]);
}

/** Returns the latest run of a recipe. */
function findRun(recipe) {
  return readdirSync('runs').findLast((name) => name.startsWith(`${recipe}-`));
}

async function follow(line) {
  // sharp, which draws the pictures, is installed with the first packages.
  if (existsSync('node_modules/sharp') && !existsSync('my-pictures')) await drawPictures();
  if (/^npx tsx embed/.test(line)) hub = await serveHub();
  if (/^npx tsx server/.test(line)) {
    guideServer = await startServer(line);
    return;
  }
  const command = line
    .replace(/runs\/([\w-]+)-…/, (_, recipe) => `runs/${findRun(recipe)}`)
    .replace(/one\.jpg other\.jpg/, 'my-pictures/0.png my-pictures/1.png')
    .replace(/\bpicture\.jpg/, 'my-pictures/3.png')
    .replace('http://localhost:3000', () => guideServer.address)
    .replace(/^(npx unitsphere train .*)$/, (train) => [train, ...smallSettings(train)].join(' '));
  const began = Date.now();
  const { stdout } = await promisify(exec)(command, {
    env: {
      ...process.env,
      XDG_CACHE_HOME: join(process.cwd(), 'cache'),
      ...(hub && { HF_ENDPOINT: hub.address }),
    },
  });
  console.log(`${((Date.now() - began) / 1000).toFixed(1)} s  ${line}`);
  const expected = EXPECTED.find(([start]) => line.startsWith(start));
  if (expected && !expected[1].test(stdout)) throw new Error(`"${line}" printed:\n${stdout}`);
}

/** Starts the server of a guide on a free port. */
async function startServer(line) {
  // Without npx and its shell, so that signals reach the server.
  const [, , ...args] = line.split(' ');
  const child = spawn(process.execPath, ['--import', 'tsx', ...args], {
    env: { ...process.env, PORT: '0' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  const address = await new Promise((resolve, reject) => {
    child.stdout.on('data', (data) => {
      output += data;
      const [, found] = /Listening at (http:\S+)/.exec(output) ?? [];
      if (found) resolve(found);
    });
    child.once('exit', (code) => reject(new Error(`"${line}" exited with ${code}:\n${output}`)));
  });
  console.log(`${line}: ${address}`);
  return { child, address };
}

/** Ends the server as Ctrl-C does. It must close its gallery and exit. */
async function endServer() {
  if (!guideServer) throw new Error('No guide starts a server.');
  const { child, address } = guideServer;
  // A picture that cannot be read, and a request without one, are the sender's mistakes.
  for (const body of ['no picture', '']) {
    const { status } = await fetch(`${address}/recognize`, {
      method: 'POST',
      headers: { 'content-type': 'image/jpeg' },
      body,
    });
    if (status !== 400) throw new Error(`The server answers ${status} to the body "${body}".`);
  }
  const exit = new Promise((resolve) => child.once('exit', (code, signal) => resolve(code ?? signal)));
  child.kill('SIGINT');
  const code = await exit;
  if (code !== 0) throw new Error(`The server of a guide ended with ${code}.`);
}

/** Checks the types of all files that the guides wrote. */
async function checkTypes() {
  const compilerOptions = {
    strict: true,
    noEmit: true,
    target: 'ES2023',
    module: 'ESNext',
    moduleResolution: 'Bundler',
    lib: ['ES2023', 'DOM', 'DOM.Iterable'],
    types: ['node'],
    skipLibCheck: true,
    noUnusedLocals: true,
  };
  writeFileSync('tsconfig.json', JSON.stringify({ compilerOptions, files: sources }));
  const { stdout } = await promisify(exec)('npx tsc --pretty false').catch((error) => error);
  if (stdout) throw new Error(`The examples of the guides have errors:\n${stdout}`);
  console.log(`${sources.length} files are correct in strict TypeScript: ${sources.join(', ')}`);
}

/** Draws one file of colored tiles per identity. */
async function drawPictures() {
  const { default: sharp } = await import('sharp');
  mkdirSync('my-pictures');
  for (let i = 0; i < IDENTITIES; i++) {
    const tiles = createHash('sha512').update(`picture ${i}`).digest().subarray(0, 48);
    await sharp(tiles, { raw: { width: 4, height: 4, channels: 3 } })
      .resize(SIDE, SIDE, { kernel: 'cubic' })
      .png()
      .toFile(`my-pictures/${i}.png`);
  }
  await writeCameraFile('my-pictures/3.png', 'camera.y4m', sharp);
}

/** Writes what the fake camera of Chromium shows: a picture as frames of the format YUV4MPEG2. */
async function writeCameraFile(picture, file, sharp) {
  const side = 320;
  const { data } = await sharp(picture)
    .resize(side, side)
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  const luma = Buffer.alloc(side * side);
  const chroma = [0, 1].map(() => Buffer.alloc((side / 2) ** 2));
  for (let i = 0; i < side * side; i++) {
    const [r, g, b] = data.subarray(3 * i, 3 * i + 3);
    const [x, y] = [i % side, Math.floor(i / side)];
    // BT.601, as Chromium reads it, with colors at half the resolution.
    luma[i] = 16 + 0.257 * r + 0.504 * g + 0.098 * b;
    const half = (y >> 1) * (side / 2) + (x >> 1);
    chroma[0][half] = 128 - 0.148 * r - 0.291 * g + 0.439 * b;
    chroma[1][half] = 128 + 0.439 * r - 0.368 * g - 0.071 * b;
  }
  const frame = [Buffer.from('FRAME\n'), luma, ...chroma];
  const header = Buffer.from(`YUV4MPEG2 W${side} H${side} F10:1 Ip A1:1 C420jpeg\n`);
  writeFileSync(file, Buffer.concat([header, ...frame, ...frame]));
}

/** Starts a server with the hub's API as @unitsphere/pretrained uses it, with one model of random weights. */
async function serveHub() {
  const [{ useBackend }, { createBackbone }, { Random }, { timmWeights }] = await Promise.all(
    ['backends', 'backbones', 'core', 'pretrained'].map((name) => import(`@unitsphere/${name}`)),
  );
  await useBackend('wasm');
  const weights = await timmWeights(createBackbone('lcnet_050', { random: new Random(1) }));
  const config = Buffer.from(
    JSON.stringify({
      architecture: 'lcnet_050',
      pretrained_cfg: {
        input_size: [3, 224, 224],
        crop_pct: 0.875,
        interpolation: 'bicubic',
        mean: [0.485, 0.456, 0.406],
        std: [0.229, 0.224, 0.225],
      },
    }),
  );
  const files = { 'config.json': config, 'model.safetensors': Buffer.from(weights) };
  const sha = '0123456789'.repeat(4);
  const siblings = Object.entries(files).map(([rfilename, { length: size }]) => ({
    rfilename,
    size,
    lfs: { size, sha256: createHash('sha256').update(files[rfilename]).digest('hex') },
  }));
  const server = createServer(({ url }, response) => {
    const [, name] = /^\/timm\/lcnet_050\.ra2_in1k\/resolve\/\d+\/([\w.]+)$/.exec(url) ?? [];
    if (url.startsWith('/api/models/timm/lcnet_050.ra2_in1k/revision/main')) {
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ sha, siblings }));
    } else if (files[name])
      response.writeHead(200, { 'content-length': files[name].length }).end(files[name]);
    else response.writeHead(404).end();
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, address: `http://127.0.0.1:${server.address().port}` };
}
