import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { packageConfig } from '../../tsup.base.ts';

// Splitting (ESM) keeps what needs Node in chunks that a browser's bundle never loads.
export default packageConfig({
  entry: ['src/index.ts', 'src/worker.ts'],
  splitting: undefined,
  removeNodeProtocol: false,
  onSuccess: removeOldChunks,
});

/** Chunks are named by content, and dist is not emptied first: those no file imports any more are left over. */
async function removeOldChunks() {
  if (!existsSync('dist')) return;
  const isChunk = (file: string) => /-[A-Z0-9]{8}\.js$/.test(file);
  const files = readdirSync('dist').filter((file) => file.endsWith('.js'));
  const used = new Set(files.filter((file) => !isChunk(file)));
  for (const file of used) {
    const text = readFileSync(`dist/${file}`, 'utf8');
    for (const other of files) if (text.includes(`./${other}`)) used.add(other);
  }
  for (const file of files) {
    if (used.has(file)) continue;
    rmSync(`dist/${file}`);
    rmSync(`dist/${file}.map`, { force: true });
  }
}
