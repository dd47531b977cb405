//! Multi-head self-attention of one tensor of queries, keys and values, in place by strides: no head is copied.
use super::gemm::{Left, Product};
use super::softmax;
use crate::heap::{Args, Scratch};
use crate::simd::Simd;
use crate::team::{each_range, PRODUCTS_PER_FLOAT};

/// y[batch,tokens,heads·width] = softmax(q·kᵀ / sqrt(width))·v for each head of qkv[batch,tokens,3,heads,width]. Scratch is not used.
#[inline(always)]
pub unsafe fn self_attention<S: Simd>(args: &mut Args) -> f64 {
    let (qkv, batch, tokens) = (args.floats(), args.size(), args.size());
    let (heads, width, y) = (args.size(), args.size(), args.floats());
    let channels = heads * width;
    // Rows a cache line and a bit apart do not compete for the same lines of the cache.
    let step = tokens.next_multiple_of(16) + 16;
    let factor = 1.0 / (width as f32).sqrt();
    let cost = 2 * tokens * tokens * (width / PRODUCTS_PER_FLOAT + 2);
    each_range::<S, _>(batch * heads, 1, cost, #[inline(always)] |first, end| {
        let mut scratch = Scratch::new(tokens * step);
        let scores = scratch.at();
        for number in first..end {
            let (image, head) = (number / heads, number % heads);
            let q = qkv.add(image * tokens * 3 * channels + head * width);
            S::multiply(&Product {
                trans_b: true,
                m: tokens,
                n: tokens,
                k: width,
                a: Left::Stored(q, 3 * channels),
                b: q.add(channels),
                ldb: 3 * channels,
                c: scores,
                ldc: step,
                ..Product::default()
            });
            softmax::rows::<S>(scores, tokens, tokens, step, factor);
            S::multiply(&Product {
                m: tokens,
                n: width,
                k: tokens,
                a: Left::Stored(scores, step),
                b: q.add(2 * channels),
                ldb: 3 * channels,
                c: y.add(image * tokens * channels + head * width),
                ldc: channels,
                ..Product::default()
            });
        }
    });
    0.0
}
