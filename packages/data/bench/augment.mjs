// Measures milliseconds per image for each transform and for the whole augmentation, on one core.
//   npm run bench:augment -- [folder of images] [repetitions]
// The default images are generated documents. Build the package first (npm run build:js).
import { Random } from '@unitsphere/core/random';
import { Augmentation, augmentationGroups, openFolder, openSource } from '../dist/index.js';

const [dir, repetitions = '2000'] = process.argv.slice(2);
const source = dir
  ? await openFolder(dir, { cacheDir: false })
  : await openSource({ kind: 'documents', identities: 32, seed: 0 });
const size = 128;
const images = await Promise.all(
  Array.from({ length: Math.min(64, source.identities.length) }, (_, i) => source.load(i, 0)),
);

/** Returns the processor time per image in milliseconds: the median of five rounds. Load from other processes does not count. */
function measure(augmentation) {
  const count = Math.max(1, Math.round(Number(repetitions) / 5));
  const round = (first) => {
    const start = process.cpuUsage();
    for (let i = first; i < first + count; i++) {
      augmentation.augment(images[i % images.length], new Random(0, i), size, i % 24);
    }
    const { user, system } = process.cpuUsage(start);
    return (user + system) / 1000 / count;
  };
  round(0);
  return [0, 1, 2, 3, 4].map((i) => round(i * count)).sort((x, y) => x - y)[2];
}

const only = (group, name) =>
  new Augmentation({
    groups: { geometric: 0, blur: 0, noise: 0, color: 0, ...(group && { [group]: 1 }) },
    ...(name && { transforms: [name] }),
  });
measure(new Augmentation());
const off = measure(only());
console.log(
  `Node ${process.version}; ${images[0].width} px to ${size} px; processor time, median of 5 × ${repetitions / 5} images\n`,
);
console.log('| transform | ms per image |\n|---|---:|');
console.log(`| only view and resize | ${off.toFixed(2)} |`);
for (const [group, names] of Object.entries(augmentationGroups)) {
  for (const name of names) {
    const ms = measure(only(group, name));
    // A geometric transform replaces the resize; the others run after it.
    console.log(`| ${group}: ${name} | ${(group === 'geometric' ? ms : ms - off).toFixed(2)} |`);
  }
}
console.log(`| **all groups, each with probability 0.5** | **${measure(new Augmentation()).toFixed(2)}** |`);
