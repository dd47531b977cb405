// Runs the first program of the README of @unitsphere/recognition as a reader does, from `npm init` on, and prints how long it took.
// The pictures are synthetic: 40 cards of colored tiles, and a photo of one of them, smaller and darker.
import { execSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';

const CARDS = 40;
const blockOf = (language) =>
  new RegExp(`^\`\`\`${language}\\b[^\\n]*\\n(.*?)^\`\`\``, 'ms').exec(
    readFileSync('documents/0-README.md', 'utf8'),
  )[1];
const program = blockOf('ts').trim();
const lines = program.split('\n').length;
if (lines > 10) throw new Error(`The program has ${lines} lines.`);

let seconds = 0;
function follow(command) {
  const began = Date.now();
  const printed = execSync(command, { encoding: 'utf8' });
  seconds += (Date.now() - began) / 1000;
  return printed;
}

follow('npm init --yes');
follow(blockOf('sh').trim());
// sharp, which draws the pictures, is installed with the packages.
await drawPictures();
writeFileSync('recognize.mjs', program);
const printed = follow('node recognize.mjs');
console.log(
  `${lines} lines, ${seconds.toFixed(1)} s from npm init to: ${printed.trim().replace(/\s+/g, ' ')}`,
);
if (!/^known \{\s*name: '7\.png',\s*score: 0\.9/.test(printed)) throw new Error(`It printed:\n${printed}`);
// The gallery is in its file, and the second run enrolls nothing.
if (follow('node recognize.mjs') !== printed) throw new Error('The second run printed something else.');

async function drawPictures() {
  const { default: sharp } = await import('sharp');
  mkdirSync('cards');
  for (let i = 0; i < CARDS; i++) {
    const tiles = createHash('sha512').update(`card ${i}`).digest().subarray(0, 45);
    await sharp(tiles, { raw: { width: 5, height: 3, channels: 3 } })
      .resize(320, 200, { kernel: 'cubic', fit: 'fill' })
      .png()
      .toFile(`cards/${i}.png`);
  }
  await sharp('cards/7.png').resize(250).modulate({ brightness: 0.9 }).jpeg().toFile('photo.jpg');
}
