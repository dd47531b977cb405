/** The workload of a training step, the same for every contender. */
export interface Workload {
  /** Name of the backbone in timm, or `iresnet18` of insightface. */
  backbone: string;
  /** Side length of the images in pixels. */
  imageSize: number;
  /** Images per step. */
  batch: number;
  classes: number;
  /** Length of the embedding. */
  embedding: number;
  /** Norm of the head. Batch norm has no statistics for a batch of one image, which therefore uses `layernorm`. */
  norm: 'layernorm-batchnorm' | 'layernorm';
}

/** The workload of the figures that the project reports. */
export const DEFAULT_WORKLOAD: Workload = {
  backbone: 'lcnet_050',
  imageSize: 128,
  batch: 32,
  classes: 10_000,
  embedding: 256,
  norm: 'layernorm-batchnorm',
};

/** Returns the workload as command-line options of a contender. */
export function formatWorkloadArguments({ imageSize, ...rest }: Workload): string[] {
  return Object.entries({ 'image-size': imageSize, ...rest }).flatMap(([name, value]) => [
    `--${name}`,
    String(value),
  ]);
}

/** Formats the workload in one line. */
export function formatWorkload({ backbone, imageSize, batch, classes, embedding, norm }: Workload): string {
  const head = norm === 'layernorm' ? 'LayerNorm' : 'LayerNorm→BatchNorm';
  return `${backbone} backbone, Squeeze neck, ${head} head with ${embedding} outputs, images of ${imageSize} px, batch of ${batch}, CosFace (scale 64, margin 0.4) over ${classes.toLocaleString('en')} classes, AdamW, gradient clipping, float32`;
}
