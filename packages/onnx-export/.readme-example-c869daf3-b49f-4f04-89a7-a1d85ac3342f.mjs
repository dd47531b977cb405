import { createEmbedder } from '@unitsphere/embedder';
import { exportOnnx } from '@unitsphere/onnx-export';
import * as ort from 'onnxruntime-web';

const embedder = await createEmbedder({ backbone: 'lcnet_050', imageSize: 64 });
const images = [80, 160, 240].map((value) => ({
  width: 64,
  height: 64,
  data: new Uint8Array(64 * 64 * 3).fill(value),
}));
const full = await exportOnnx(embedder);
const small = await exportOnnx(embedder, { precision: 'int8', calibration: { runtime: ort, images } });
console.log((small.length / full.length).toFixed(2));
