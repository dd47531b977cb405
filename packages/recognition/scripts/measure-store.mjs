// Measures the file store and writes nothing: node packages/recognition/scripts/measure-store.mjs [TEMPLATES] [SIZE]
// Requires the built package, and --expose-gc for the memory.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openFileStore } from '@unitsphere/recognition/file';

const [count, size] = [Number(process.argv[2] ?? 100_000), Number(process.argv[3] ?? 256)];
const APPENDS = 200;
const folder = mkdtempSync(join(tmpdir(), 'measure-store-'));
const path = join(folder, 'gallery.safetensors');
const embedding = () => Float32Array.from({ length: size }, () => Math.random() - 0.5);
const enroll = (name) => ({ kind: 'enroll', name, templates: [{ embedding: embedding() }] });

async function time(label, fn) {
  const cpu = process.cpuUsage();
  const startedAt = performance.now();
  const result = await fn();
  const { user, system } = process.cpuUsage(cpu);
  const [wall, busy] = [performance.now() - startedAt, (user + system) / 1000].map((ms) => ms.toFixed(1));
  console.log(`${label.padEnd(34)} ${wall.padStart(8)} ms, ${busy} ms of processor time`);
  return result;
}

/** Appends to a gallery that has `present` templates, and prints the median of the times. */
async function measureAppend(store, present) {
  const times = [];
  for (let i = 0; i < APPENDS; i++) {
    const change = enroll(`new ${present} ${i}`);
    const startedAt = performance.now();
    await store.write([change]);
    times.push(performance.now() - startedAt);
  }
  times.sort((a, b) => a - b);
  const [median, late] = [times[APPENDS / 2], times[Math.floor(APPENDS * 0.95)]].map((ms) => ms.toFixed(2));
  console.log(
    `append one to ${String(present).padEnd(20)} ${median.padStart(8)} ms (95 % within ${late} ms)`,
  );
}

try {
  let store = await openFileStore(path, { header: { embeddingSize: size, embedder: 'measure' } });
  await measureAppend(store, 0);
  for (let i = 0; i < count; i += 1000) {
    await store.write(
      Array.from({ length: Math.min(1000, count - i) }, (_, k) => enroll(`identity ${i + k}`)),
    );
  }
  await store.close();
  store = undefined;
  globalThis.gc?.();
  const before = process.memoryUsage().heapUsed;
  store = await time(`open ${count} × ${size}`, () => openFileStore(path));
  globalThis.gc?.();
  console.log(
    `memory of the open store ${((process.memoryUsage().heapUsed - before) / 2 ** 20).toFixed(0).padStart(17)} MiB`,
  );
  await time('read all', () => store.read());
  await measureAppend(store, count);
  await time('remove one', () => store.write([{ kind: 'remove', name: 'identity 1' }]));
  await time('compact', () => store.compact());
  await time('close', () => store.close());
  await time('open for reading, and read all', async () => {
    const reader = await openFileStore(path, { readOnly: true });
    await reader.read();
    await reader.close();
  });
  const onDisk =
    process.platform === 'win32' ? undefined : execFileSync('du', ['-k', path], { encoding: 'utf8' });
  console.log(
    `size ${(statSync(path).size / 2 ** 20).toFixed(1).padStart(37)} MiB, ${onDisk ? `${(Number.parseInt(onDisk, 10) / 1024).toFixed(1)} MiB on disk` : ''}`,
  );
} finally {
  rmSync(folder, { recursive: true });
}
