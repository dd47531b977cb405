// Steps of PartialFC as the classes grow, and against the full softmax:
// npm run bench -w packages/partial-fc -- classes|rate [folder for the file of centres]
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const [what = 'classes', parent = tmpdir()] = process.argv.slice(2);
const folder = mkdtempSync(join(parent, 'partial-fc-'));
const program = fileURLToPath(new URL('./measure-step.mjs', import.meta.url));
const common = { dimensions: 256, batch: 64, path: join(folder, 'centers'), steps: 40 };

/** Each in a process of its own, so that memory is its own too. */
function measure(workload) {
  const json = execFileSync(process.execPath, [program, JSON.stringify({ ...common, ...workload })], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return JSON.parse(json);
}

const quantile = (values, q) => [...values].sort((a, b) => a - b)[Math.floor(q * (values.length - 1))];
const show = (times) =>
  `${quantile(times, 0.5).toFixed(1)} ms (10 %: ${quantile(times, 0.1).toFixed(1)}, 90 %: ${quantile(times, 0.9).toFixed(1)})`;
const mb = (bytes) => `${(bytes / 1e6).toFixed(0)} MB`;
const line = (name, { milliseconds, processorTime, memory }) =>
  console.log(
    `${name}: ${show(milliseconds)}, processors ${processorTime.toFixed(1)} ms, resident ${mb(memory.resident)}, peak ${mb(memory.peak)}, tensors ${mb(memory.tensors)}`,
  );

try {
  if (what === 'classes') {
    for (const classes of [10_000, 100_000, 1_000_000, 10_000_000]) {
      for (const cold of [false, true]) {
        const result = measure({ classes, sampled: 1000, store: 'file', cold });
        line(`${classes.toLocaleString('en')} classes, ${cold ? 'cold' : 'warm'}`, result);
      }
    }
  } else {
    const rated = { classes: 400_000, sampled: 40_000, steps: 6 };
    line('full softmax, device', measure({ ...rated, sampled: 400_000, store: 'device', steps: 2 }));
    for (const store of ['device', 'host', 'file'])
      line(`rate 0.1, ${store}`, measure({ ...rated, store, cacheBytes: 2 ** 28 }));
  }
} finally {
  rmSync(folder, { recursive: true });
}
