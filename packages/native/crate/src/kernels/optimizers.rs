//! One pass over a parameter: reads gradient and state once, updates the state in place and writes the new value. No
//! multiplication and addition are fused, so that the results are bit-identical to WebAssembly's.
use super::act::UNIT;
use crate::heap::Args;
use crate::simd::Simd;
use crate::team::{each_part, each_range, each_vector, fixed_parts, share, FIXED_PARTS};

/// Floats whose squares are summed in float32.
const BLOCK: usize = 4096;

/// Numbers of AdamW, each in every lane.
struct AdamW<S> {
    scale: S,
    beta1: S,
    beta2: S,
    rest1: S,
    rest2: S,
    eps: S,
    decay: S,
}

impl<S: Simd> AdamW<S> {
    /// Updates `count` floats. `step` and `correction` are the factors of the change and of its denominator.
    #[inline(always)]
    unsafe fn update(
        &self,
        [parameter, gradient, exp_avg, exp_avg_sq, out]: [*mut f32; 5],
        count: usize,
        step: S,
        correction: S,
    ) {
        let mut i = 0;
        while i < count {
            let n = count - i;
            let g = S::load_n(gradient.add(i), n).mul(self.scale);
            let m = self.beta1.mul(S::load_n(exp_avg.add(i), n)).add(self.rest1.mul(g));
            let v = self.beta2.mul(S::load_n(exp_avg_sq.add(i), n)).add(self.rest2.mul(g.mul(g)));
            m.store_n(exp_avg.add(i), n);
            v.store_n(exp_avg_sq.add(i), n);
            let change = step.mul(m).div(v.sqrt().mul(correction).add(self.eps));
            S::load_n(parameter.add(i), n).mul(self.decay).sub(change).store_n(out.add(i), n);
            i += S::LANES;
        }
    }
}

/// AdamW (Loshchilov & Hutter, 2019) as in torch.optim.AdamW.
#[inline(always)]
pub unsafe fn adam_w<S: Simd>(args: &mut Args) -> f64 {
    let (parameter, gradient, exp_avg, exp_avg_sq) = (args.floats(), args.floats(), args.floats(), args.floats());
    let (count, out) = (args.size(), args.floats());
    let [scale, beta1, beta2, rest1, rest2, step, correction, eps, decay]: [S; 9] =
        std::array::from_fn(|_| S::splat(args.float()));
    let of = AdamW { scale, beta1, beta2, rest1, rest2, eps, decay };
    each_range::<S, _>(
        count,
        UNIT,
        6,
        #[inline(always)]
        |first, end| {
            let arrays = [parameter, gradient, exp_avg, exp_avg_sq, out].map(|array| array.add(first));
            of.update(arrays, end - first, step, correction);
        },
    );
    0.0
}

/// AdamW on the rows `ids` of a parameter and its averages, in place. Row i of the gradient, the step sizes and the corrections belongs
/// to ids[i]. The ids differ from each other.
#[inline(always)]
pub unsafe fn adam_w_rows<S: Simd>(args: &mut Args) -> f64 {
    let (parameter, gradient, exp_avg, exp_avg_sq) = (args.floats(), args.floats(), args.floats(), args.floats());
    let (ids, count, d, steps, corrections) = (args.ints(), args.size(), args.size(), args.floats(), args.floats());
    let [scale, beta1, beta2, rest1, rest2, eps, decay]: [S; 7] = std::array::from_fn(|_| S::splat(args.float()));
    let of = AdamW { scale, beta1, beta2, rest1, rest2, eps, decay };
    each_range::<S, _>(
        count,
        1,
        6 * d,
        #[inline(always)]
        |first, end| {
            for i in first..end {
                let at = *ids.add(i) as usize * d;
                let row = parameter.add(at);
                let arrays = [row, gradient.add(i * d), exp_avg.add(at), exp_avg_sq.add(at), row];
                of.update(arrays, d, S::splat(*steps.add(i)), S::splat(*corrections.add(i)));
            }
        },
    );
    0.0
}

/// SGD as in torch.optim.SGD; see the WebAssembly kernel.
#[inline(always)]
pub unsafe fn sgd<S: Simd>(args: &mut Args) -> f64 {
    let (parameter, gradient, buffer, count, out) =
        (args.floats(), args.floats(), args.floats(), args.size(), args.floats());
    let [scale, decay, momentum, kept, entering]: [S; 5] = std::array::from_fn(|_| S::splat(args.float()));
    let (nesterov, lr) = (args.flag(), S::splat(args.float()));
    each_vector::<S, _>(
        count,
        UNIT,
        5,
        #[inline(always)]
        |i, n| {
            let p = S::load_n(parameter.add(i), n);
            let mut d = S::load_n(gradient.add(i), n).mul(scale).add(decay.mul(p));
            if !buffer.is_null() {
                let b = kept.mul(S::load_n(buffer.add(i), n)).add(entering.mul(d));
                b.store_n(buffer.add(i), n);
                d = if nesterov { d.add(momentum.mul(b)) } else { b };
            }
            p.sub(lr.mul(d)).store_n(out.add(i), n);
        },
    );
    0.0
}

/// out = keep·average + take·latest.
#[inline(always)]
pub unsafe fn moving_average<S: Simd>(args: &mut Args) -> f64 {
    let (average, latest, count) = (args.floats(), args.floats(), args.size());
    let (keep, take, out) = (S::splat(args.float()), S::splat(args.float()), args.floats());
    each_vector::<S, _>(
        count,
        UNIT,
        3,
        #[inline(always)]
        |i, n| keep.mul(S::load_n(average.add(i), n)).add(take.mul(S::load_n(latest.add(i), n))).store_n(out.add(i), n),
    );
    0.0
}

/// Returns the sum of squares of count floats, summed in float64 across blocks.
#[inline(always)]
pub unsafe fn sum_squares<S: Simd>(args: &mut Args) -> f64 {
    let (x, count) = (args.floats(), args.size());
    let parts = fixed_parts(count.div_ceil(BLOCK), count);
    let mut totals = [0f64; FIXED_PARTS];
    let sums = totals.as_mut_ptr();
    each_part::<S, _>(
        parts,
        #[inline(always)]
        |part| {
            let (first, end) = share(count, BLOCK, part, parts);
            *sums.add(part) = sum_blocks::<S>(x.add(first), end - first);
        },
    );
    totals.iter().sum()
}

#[inline(always)]
unsafe fn sum_blocks<S: Simd>(x: *const f32, count: usize) -> f64 {
    let mut total = 0.0;
    let mut i = 0;
    while i < count {
        let end = count.min(i + BLOCK);
        let (mut even, mut odd) = (S::splat(0.0), S::splat(0.0));
        while i < end {
            let v = S::load_n(x.add(i), end - i);
            even = v.fma(v, even);
            i += S::LANES;
            if i < end {
                let v = S::load_n(x.add(i), end - i);
                odd = v.fma(v, odd);
                i += S::LANES;
            }
        }
        i = end;
        let mut lanes = [0f32; 16];
        even.add(odd).store(lanes.as_mut_ptr());
        total += lanes.iter().map(|&v| v as f64).sum::<f64>();
    }
    total
}
