// Multi-head self-attention of one tensor of queries, keys and values, in place by strides: no head is copied.
import { gemm, gemmScratchBytes } from './gemm';
import { softmaxRows } from './softmax';

/** Returns the bytes of scratch memory for `tokens` tokens. */
export function selfAttentionScratchBytes(tokens: i32): i32 {
  return gemmScratchBytes() + tokens * tokens * 4;
}

/** y[batch,tokens,heads·width] = softmax(q·kᵀ / sqrt(width))·v for each head of qkv[batch,tokens,3,heads,width]. */
export function selfAttention(
  qkv: usize, batch: i32, tokens: i32, heads: i32, width: i32, y: usize, scratch: usize,
): void {
  const channels = heads * width;
  const step = 3 * channels;
  const scores = scratch + <usize>gemmScratchBytes();
  const factor = <f32>1 / sqrt<f32>(<f32>width);
  for (let image = 0; image < batch; image++) {
    for (let head = 0; head < heads; head++) {
      const q = qkv + (<usize>(image * tokens * step + head * width) << 2);
      const k = q + (<usize>channels << 2);
      const v = k + (<usize>channels << 2);
      const out = y + (<usize>(image * tokens * channels + head * width) << 2);
      gemm(0, 1, tokens, tokens, width, q, step, k, step, scores, tokens, 0, 0, scratch);
      softmaxRows(scores, tokens, tokens, factor);
      gemm(0, 0, tokens, width, tokens, scores, tokens, v, step, out, channels, 0, 0, scratch);
    }
  }
}
