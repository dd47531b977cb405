import { useBackend } from '@unitsphere/backends';
import { createOnnxTeacher } from '@unitsphere/clip-distiller/onnx';
import { findOnnxRuntime, loadEmbedder } from '@unitsphere/embedder';
import { documentSmall } from '@unitsphere/models';
import { createGallery } from '@unitsphere/recognition';

async function main() {
  await useBackend('wasm', { wasmPaths: '/wasm/' });
  const embedder = await loadEmbedder(documentSmall);
  const gallery = await createGallery({ embedder });
  for (let n = 0; n < 5; n++) await gallery.enroll(`card ${n}`, drawCard(n));
  const { name, matches } = await gallery.recognize(drawCard(3), { threshold: 0.9 });
  if (name !== 'card 3') throw new Error(`card 3 was taken for ${JSON.stringify(matches)}`);
  await expectMissing(() => findOnnxRuntime());
  const preprocessing = { ...embedder.preprocessing };
  await expectMissing(() => createOnnxTeacher(new Uint8Array(8), { preprocessing }));
}

/** The page has no ONNX Runtime, and says what to do. */
async function expectMissing(load) {
  const error = await load().then(
    () => undefined,
    (error) => error,
  );
  if (!/npm install onnxruntime-web/.test(error?.message))
    throw error ?? new Error('ONNX Runtime was found.');
}

function drawCard(n) {
  const canvas = new OffscreenCanvas(128, 128);
  const context = canvas.getContext('2d');
  for (let i = 0; i < 16; i++) {
    context.fillStyle = `hsl(${(n * 83 + i * 47) % 360} 80% ${30 + ((i * n) % 5) * 10}%)`;
    context.fillRect((i % 4) * 32, Math.floor(i / 4) * 32, 32, 32);
  }
  return canvas;
}

main().then(
  () => {
    globalThis.outcome = { text: 'recognized' };
  },
  (error) => {
    globalThis.outcome = { error: error.stack };
  },
);
