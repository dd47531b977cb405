// Recognizes a darker copy of a card with each shipped model.
import { useBackend } from '@unitsphere/backends';
import { loadEmbedder } from '@unitsphere/embedder';
import { documentBase, documentSmall } from '@unitsphere/models';

const { name } = await useBackend('wasm');
if (name !== 'wasm') throw new Error(`The backend is ${name}.`);
for (const [model, files] of Object.entries({ documentBase, documentSmall })) {
  const embedder = await loadEmbedder(files);
  const cards = await embedder.embed(Array.from({ length: 5 }, (_, n) => drawCard(n, 1)));
  const [query] = await embedder.embed([drawCard(3, 0.8)]);
  const cosines = cards.map((card) => card.reduce((sum, x, i) => sum + x * query[i], 0));
  if (cosines.indexOf(Math.max(...cosines)) !== 3) throw new Error(`${model}: cosines ${cosines}`);
  embedder.dispose();
  console.log(`${model} recognized card 3`);
}

/** Draws 4 x 4 tiles whose colors depend on the card's number. */
function drawCard(n, brightness) {
  const side = 128;
  const data = Uint8Array.from({ length: side * side * 3 }, (_, i) => {
    const [row, column] = [Math.floor(i / 3 / side / 32), Math.floor((Math.floor(i / 3) % side) / 32)];
    return brightness * (((n + 1) * 71 + row * 89 + column * 53 + (i % 3) * 31 * (n + row)) % 256);
  });
  return { width: side, height: side, data };
}
