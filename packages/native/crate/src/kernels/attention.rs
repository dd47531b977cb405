//! Multi-head self-attention of one tensor of queries, keys and values, in place by strides: no head is copied.
use super::gemm::{multiply_as, Left, Product};
use super::softmax;
use crate::heap::{Args, Scratch};
use crate::simd::Simd;
use crate::team::{each_range, PRODUCTS_PER_FLOAT};

/// A matrix and its floats per row.
type Matrix = (*const f32, usize);

/// The heads of qkv[batch,tokens,3,heads,width].
struct Heads {
    qkv: *const f32,
    batch: usize,
    tokens: usize,
    heads: usize,
    width: usize,
    /// Whether products take inputs rounded to bfloat16.
    bfloat16: bool,
}

impl Heads {
    fn channels(&self) -> usize {
        self.heads * self.width
    }
    /// Floats of a row of scores: rows a cache line and a bit apart do not compete for the same lines of the cache.
    fn step(&self) -> usize {
        self.tokens.next_multiple_of(16) + 16
    }
    /// Work of a head with a number of products, in floats that are read or written.
    fn cost(&self, products: usize) -> usize {
        self.tokens * self.tokens * (products * self.width / PRODUCTS_PER_FLOAT + 4)
    }
    /// The offsets of a head in qkv and in a tensor [batch,tokens,heads,width].
    fn offsets(&self, number: usize) -> (usize, usize) {
        let (image, head) = (number / self.heads, number % self.heads);
        let first = image * self.tokens * self.channels();
        (3 * first + head * self.width, first + head * self.width)
    }
    #[inline(always)]
    unsafe fn multiply<S: Simd>(
        &self,
        trans: [bool; 2],
        [m, n, k]: [usize; 3],
        a: Matrix,
        b: Matrix,
        c: (*mut f32, usize),
    ) {
        let [trans_a, trans_b] = trans;
        let a = Left::Stored(a.0, a.1);
        let product = Product { trans_a, trans_b, m, n, k, a, b: b.0, ldb: b.1, c: c.0, ldc: c.1, ..Product::default() };
        multiply_as::<S>(self.bfloat16, &product);
    }
    /// scores = softmax(q·kᵀ / sqrt(width)).
    #[inline(always)]
    unsafe fn attend<S: Simd>(&self, q: *const f32, scores: *mut f32) {
        let (tokens, row, step) = (self.tokens, 3 * self.channels(), self.step());
        let k = q.add(self.channels());
        self.multiply::<S>([false, true], [tokens, tokens, self.width], (q, row), (k, row), (scores, step));
        softmax::rows::<S>(scores, tokens, tokens, step, self.factor());
    }
    fn factor(&self) -> f32 {
        1.0 / (self.width as f32).sqrt()
    }
    #[inline(always)]
    unsafe fn forward<S: Simd>(&self, y: *mut f32) {
        let (tokens, width, channels, step) = (self.tokens, self.width, self.channels(), self.step());
        each_range::<S, _>(
            self.batch * self.heads,
            1,
            self.cost(2),
            #[inline(always)]
            |first, end| {
                let mut scratch = Scratch::new(tokens * step);
                let scores = scratch.at();
                for number in first..end {
                    let (in_qkv, in_y) = self.offsets(number);
                    let q = self.qkv.add(in_qkv);
                    self.attend::<S>(q, scores);
                    let v = (q.add(2 * channels), 3 * channels);
                    self.multiply::<S>([false; 2], [tokens, width, tokens], (scores, step), v, (y.add(in_y), channels));
                }
            },
        );
    }
}

/// y[batch,tokens,heads·width] = softmax(q·kᵀ / sqrt(width))·v for each head of qkv[batch,tokens,3,heads,width]. Scratch is not used.
#[inline(always)]
pub unsafe fn self_attention<S: Simd>(args: &mut Args) -> f64 {
    let (qkv, batch, tokens) = (args.floats(), args.size(), args.size());
    let (heads, width, y) = (args.size(), args.size(), args.floats());
    Heads { qkv, batch, tokens, heads, width, bfloat16: false }.forward::<S>(y);
    0.0
}

/// The same for training: products may take inputs rounded to bfloat16.
#[inline(always)]
pub unsafe fn self_attention_forward<S: Simd>(args: &mut Args) -> f64 {
    let (qkv, batch, tokens) = (args.floats(), args.size(), args.size());
    let (heads, width, y, bfloat16) = (args.size(), args.size(), args.floats(), args.flag());
    Heads { qkv, batch, tokens, heads, width, bfloat16 }.forward::<S>(y);
    0.0
}

/// dqkv[batch,tokens,3,heads,width] from qkv and dy[batch,tokens,heads·width]. The scores are computed again.
#[inline(always)]
pub unsafe fn self_attention_backward<S: Simd>(args: &mut Args) -> f64 {
    let (qkv, dy, batch, tokens) = (args.floats(), args.floats(), args.size(), args.size());
    let (heads, width, dqkv, bfloat16) = (args.size(), args.size(), args.floats(), args.flag());
    let of = Heads { qkv, batch, tokens, heads, width, bfloat16 };
    let (channels, step, row) = (of.channels(), of.step(), 3 * of.channels());
    each_range::<S, _>(
        batch * heads,
        1,
        of.cost(5),
        #[inline(always)]
        |first, end| {
            let mut scratch = Scratch::new(2 * tokens * step);
            let p = scratch.at();
            let ds = p.add(tokens * step);
            for number in first..end {
                let (in_qkv, in_y) = of.offsets(number);
                let (q, dq, dout) = (qkv.add(in_qkv), dqkv.add(in_qkv), (dy.add(in_y) as *const f32, channels));
                let inner = [tokens, width, tokens];
                of.attend::<S>(q, p);
                of.multiply::<S>([false, true], [tokens, tokens, width], dout, (q.add(2 * channels), row), (ds, step));
                softmax::rows_grad::<S>(p, ds, tokens, tokens, step, of.factor());
                of.multiply::<S>([false, false], inner, (ds, step), (q.add(channels), row), (dq, row));
                of.multiply::<S>([true, false], inner, (ds, step), (q, row), (dq.add(channels), row));
                of.multiply::<S>([true, false], inner, (p, step), dout, (dq.add(2 * channels), row));
            }
        },
    );
    0.0
}
