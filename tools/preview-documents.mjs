// Writes a contact sheet of synthetic documents with one row per identity: the document, then photographs of copies.
// node tools/preview-documents.mjs <sheet.png> [--identities 12] [--samples 6] [--seed 0] [--size 160] [--first 0]
import { parseArgs } from 'node:util';
import { DocumentSource } from '@unitsphere/data';
import sharp from 'sharp';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    identities: { type: 'string', default: '12' },
    samples: { type: 'string', default: '6' },
    seed: { type: 'string', default: '0' },
    size: { type: 'string', default: '160' },
    first: { type: 'string', default: '0' },
  },
});
const [path] = positionals;
if (path === undefined) {
  console.error('The path of the PNG to write is missing. Usage: node tools/preview-documents.mjs sheet.png');
  process.exit(1);
}
const rows = Number(values.identities);
const columns = 1 + Number(values.samples);
const first = Number(values.first);
const size = Number(values.size);
const gap = Math.round(size / 20);

const source = await DocumentSource.create({ identities: first + rows, seed: Number(values.seed), size });
const tiles = [];
for (let row = 0; row < rows; row++) {
  for (let column = 0; column < columns; column++) {
    const image = column === 0 ? source.clean(first + row) : source.load(first + row, column - 1);
    tiles.push({
      input: Buffer.from(image.data.buffer, image.data.byteOffset, image.data.length),
      raw: { width: size, height: size, channels: 3 },
      left: gap + column * (size + gap),
      top: gap + row * (size + gap),
    });
  }
}
await sharp({
  create: {
    width: gap + columns * (size + gap),
    height: gap + rows * (size + gap),
    channels: 3,
    background: '#ffffff',
  },
})
  .composite(tiles)
  .png()
  .toFile(path);
console.log(`Wrote ${rows} identities with ${columns - 1} samples each to ${path}`);
