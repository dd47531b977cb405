import { crc32, deflateSync } from 'node:zlib';
import { Random } from '@unitsphere/core/random';
import { verifyEmbeddings } from '@unitsphere/verification';
import type { MeasuredReportData } from '../src/report/data.js';
import { summarizeVerification } from '../src/report/index.js';

/** Returns a small PNG of random gray pixels as a data URI. */
export function pngUri(random: Random, side = 24): string {
  const chunk = (type: string, body: Buffer) => {
    const typed = Buffer.concat([Buffer.from(type, 'latin1'), body]);
    const frame = Buffer.alloc(8);
    frame.writeUInt32BE(body.length, 0);
    frame.writeUInt32BE(crc32(typed), 4);
    return Buffer.concat([frame.subarray(0, 4), typed, frame.subarray(4)]);
  };
  const header = Buffer.alloc(13);
  header.writeUInt32BE(side, 0);
  header.writeUInt32BE(side, 4);
  header[8] = 8; // Bits per sample; color type 0 is gray.
  const rows = Buffer.alloc(side * (side + 1));
  for (let k = 0; k < rows.length; k++) rows[k] = k % (side + 1) === 0 ? 0 : random.int(256);
  const png = Buffer.concat([
    Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]),
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(rows)),
    chunk('IEND', Buffer.alloc(0)),
  ]);
  return `data:image/png;base64,${png.toString('base64')}`;
}

/** Verifies embeddings of 40 identities, each a center plus noise. */
function verify(random: Random, noise: number) {
  const [identities, each, dimensions] = [40, 8, 32];
  const centers = Float32Array.from({ length: identities * dimensions }, () => random.normal());
  const labels = Int32Array.from({ length: identities * each }, (_, i) => i % identities);
  const embeddings = Float32Array.from({ length: labels.length * dimensions }, (_, k) => {
    const center = centers[labels[Math.floor(k / dimensions)] * dimensions + (k % dimensions)];
    return center + noise * random.normal();
  });
  return summarizeVerification(verifyEmbeddings(embeddings, dimensions, labels), {
    pairKind: 'real',
    identities,
    images: labels.length,
  });
}

/** Returns synthetic data of a run with every part present. */
export function reportFixture(steps = 400): MeasuredReportData {
  const random = new Random(1, 'report-fixture');
  const trained = verify(random, 0.9);
  const untrained = verify(random, 2);
  const image = () => pngUri(random);
  return {
    title: 'documents-small',
    createdAt: '2026-11-04T09:30:00Z',
    subject: { one: 'document', many: 'documents' },
    config: { seed: 1, loss: { type: 'cosface', margin: 0.4 }, notes: ['a', 'b'] },
    summary: {
      heldOut: trained.summary,
      untrained: untrained.summary,
      steps,
      imagesPerSecond: 117.6,
      backend: 'wasm',
      seconds: 480,
      imagesSeen: steps * 64,
      classes: 1200,
      parameters: 1_271_984,
      embeddingSize: 256,
      rank1: { heldOut: 0.96, untrained: 0.32 },
    },
    metrics: Array.from({ length: steps }, (_, k) => ({
      step: k + 1,
      epoch: Math.floor(k / 20),
      loss: 28 + 18 * Math.exp(-k / 100) + random.normal(),
      lr: 1e-3 * (1 - k / steps),
      margin: 0.4 * Math.min(1, k / 100),
      scale: 16 + 48 * Math.min(1, k / 100),
      imagesPerSecond: 118 + 5 * random.normal(),
      gradientNorm: 1 + random.uniform(),
    })),
    validation: Array.from({ length: 5 }, (_, k) => ({
      step: (k * steps) / 4,
      imagesSeen: k * steps * 16,
      tprAtFpr: Object.fromEntries(
        Object.entries(trained.summary.tprAtFpr).map(([key, tpr]) => [key, ((tpr ?? 0) * (k + 1)) / 5]),
      ),
      auroc: 0.6 + 0.08 * k,
    })),
    test: Array.from({ length: 5 }, (_, k) => ({
      step: (k * steps) / 4,
      imagesSeen: k * steps * 16,
      tprAtFpr: Object.fromEntries(
        Object.entries(trained.summary.tprAtFpr).map(([key, tpr]) => [key, ((tpr ?? 0) * (k + 1)) / 6]),
      ),
      auroc: 0.6 + 0.07 * k,
    })),
    roc: { heldOut: trained.roc, untrained: untrained.roc },
    histogram: trained.histogram,
    samples: Array.from({ length: 3 }, (_, g) => ({
      identity: `Invoice ${g}`,
      images: Array.from({ length: 6 }, image),
    })),
    neighbors: Array.from({ length: 3 }, (_, q) => ({
      query: image(),
      label: `Receipt ${q}`,
      results: Array.from({ length: 4 }, (_, k) => ({ uri: image(), score: 0.9 - 0.1 * k, same: k < 2 + q })),
    })),
    mistakes: [
      { kind: 'false accept', a: image(), b: image(), score: 0.81, labelA: 'Invoice 7', labelB: 'Invoice 9' },
      { kind: 'false reject', a: image(), b: image(), score: -0.12 },
    ],
    machine: { cpu: 'a processor', cores: 2, node: '20.20.2', gpu: null },
  };
}
