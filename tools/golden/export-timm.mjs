// Exports an embedder with initial weights for check_exported_timm.py, as `unitsphere export --to timm` does.
//   node export-timm.mjs FOLDER BACKBONE      writes the export to FOLDER
//   node export-timm.mjs                      prints the name of every backbone
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { listBackbones } from '@unitsphere/backbones';
import { createEmbedder, saveEmbedder } from '@unitsphere/embedder';

const [folder, backbone] = process.argv.slice(2);
if (!folder) {
  console.log(listBackbones().join('\n'));
  process.exit();
}
const command = fileURLToPath(new URL('../../apps/trainer/bin/unitsphere.js', import.meta.url));
const temporary = mkdtempSync(join(tmpdir(), 'timm-'));
try {
  const embedder = await createEmbedder({ backbone, imageSize: 64 });
  await saveEmbedder(embedder, join(temporary, 'model'));
  embedder.dispose();
  const options = ['export', join(temporary, 'model'), '--to', 'timm', '--output', folder];
  execFileSync(process.execPath, [command, ...options], { stdio: ['ignore', 'ignore', 'inherit'] });
} finally {
  rmSync(temporary, { recursive: true });
}
