//! Training-mode batch norm over rows x[m,c], fused with the activation that follows it. Sums are float32 within a block of
//! rows and float64 across blocks, relative to the first row, so that neither a large mean nor many rows cost precision.
use super::act::{apply, apply_grad, PRELU};
use crate::heap::Args;
use crate::simd::Simd;
use crate::team::{each_range, sum_in_parts};

/// Rows of a block.
const BLOCK: usize = 128;
/// Floats of a tile of rows that is processed one group of channels after another, while it is in the first-level cache.
const TILE: usize = 2048;
/// The widest vector's lanes.
const MOST_LANES: usize = 16;
/// Rows by which a pass over rows is divided, so that vectors of several rows are not cut.
const UNIT: usize = MOST_LANES;

/// Channels that fill a vector only in part: one vector then holds the same channels of several rows.
#[inline(always)]
fn rows_per_vector<S: Simd>(c: usize) -> usize {
    if c < S::LANES && S::LANES % c == 0 {
        S::LANES / c
    } else {
        1
    }
}

/// Repeats the values of c channels until they fill a vector.
#[inline(always)]
unsafe fn repeat<S: Simd>(values: *const f32, c: usize) -> [f32; MOST_LANES] {
    let mut out = [0.0; MOST_LANES];
    if !values.is_null() {
        for i in 0..S::LANES {
            out[i] = *values.add(i % c);
        }
    }
    out
}

/// Adds float32 sums to float64 totals.
#[inline(always)]
unsafe fn flush<S: Simd>(sums: S, count: usize, totals: *mut f64) {
    let mut lanes = [0f32; MOST_LANES];
    sums.store(lanes.as_mut_ptr());
    for i in 0..count.min(S::LANES) {
        *totals.add(i) += lanes[i] as f64;
    }
}

/// Adds the sums and the sums of squares of x - origin to the totals.
#[inline(always)]
unsafe fn add_moments<S: Simd, const V: usize>(
    x: *const f32,
    m: usize,
    c: usize,
    count: usize,
    origin: *const f32,
    sums: *mut f64,
    squares: *mut f64,
) {
    let mut row = 0;
    let zero = S::splat(0.0);
    let last = count - (V - 1) * S::LANES;
    let mut o = [zero; V];
    for v in 0..V {
        o[v] = S::load_n(origin.add(v * S::LANES), if v == V - 1 { last } else { S::LANES });
    }
    while row < m {
        let end = m.min(row + BLOCK);
        let (mut s, mut q) = ([zero; V], [zero; V]);
        for r in row..end {
            let from = x.add(r * c);
            for v in 0..V {
                let d = S::load_n(from.add(v * S::LANES), if v == V - 1 { last } else { S::LANES }).sub(o[v]);
                s[v] = s[v].add(d);
                q[v] = d.fma(d, q[v]);
            }
        }
        for v in 0..V {
            let lanes = if v == V - 1 { last } else { S::LANES };
            flush(s[v], lanes, sums.add(v * S::LANES));
            flush(q[v], lanes, squares.add(v * S::LANES));
        }
        row = end;
    }
}

/// The sums and the sums of squares of rows x[m,c] relative to an origin[c]. They are `step` values apart.
#[inline(always)]
unsafe fn sum_moments<S: Simd>(x: *const f32, m: usize, c: usize, origin: *const f32, sums: *mut f64, step: usize) {
    let squares = sums.add(step);
    std::ptr::write_bytes(sums, 0, 2 * step);
    let repeats = rows_per_vector::<S>(c);
    if repeats > 1 {
        let origin = repeat::<S>(origin, c);
        add_moments::<S, 1>(x, m / repeats, S::LANES, S::LANES, origin.as_ptr(), sums, squares);
        for i in c..S::LANES {
            *sums.add(i % c) += *sums.add(i);
            *squares.add(i % c) += *squares.add(i);
        }
        let done = m / repeats * repeats;
        add_moments::<S, 1>(x.add(done * c), m - done, c, c, origin.as_ptr(), sums, squares);
    } else {
        let mut ch = 0;
        while ch < c {
            let (from, zero, to, to2) = (x.add(ch), origin.add(ch), sums.add(ch), squares.add(ch));
            if c - ch >= S::WIDE * S::LANES && S::WIDE == 4 {
                add_moments::<S, 4>(from, m, c, 4 * S::LANES, zero, to, to2);
                ch += 4 * S::LANES;
            } else if c - ch >= 2 * S::LANES {
                add_moments::<S, 2>(from, m, c, 2 * S::LANES, zero, to, to2);
                ch += 2 * S::LANES;
            } else {
                add_moments::<S, 1>(from, m, c, S::LANES.min(c - ch), zero, to, to2);
                ch += S::LANES;
            }
        }
    }
}

/// mean[c] and the biased variance[c] of x[m,c].
#[inline(always)]
pub unsafe fn moments<S: Simd>(args: &mut Args) -> f64 {
    let (x, m, c, mean, variance) = (args.floats(), args.size(), args.size(), args.floats(), args.floats());
    let step = c + MOST_LANES;
    let mut scratch = sum_in_parts::<S, f64, _>(
        m,
        BLOCK,
        m * c,
        2 * step,
        #[inline(always)]
        |first, end, sums| sum_moments::<S>(x.add(first * c), end - first, c, x, sums, step),
    );
    let sums = scratch.at() as *mut f64;
    let squares = sums.add(step);
    for ch in 0..c {
        let s = *sums.add(ch) / m as f64;
        // Read before mean is written: the first row is the origin.
        *mean.add(ch) = (*x.add(ch) as f64 + s) as f32;
        let spread = *squares.add(ch) / m as f64 - s * s;
        *variance.add(ch) = if spread < 0.0 { 0.0 } else { spread as f32 };
    }
    0.0
}

#[inline(always)]
unsafe fn affine_rows<S: Simd, const CODE: u8>(
    x: *const f32,
    m: usize,
    c: usize,
    a: *const f32,
    b: *const f32,
    slope: *const f32,
    y: *mut f32,
) {
    let tile = (TILE / c).max(4);
    let mut row = 0;
    while row < m {
        let end = m.min(row + tile);
        let mut ch = 0;
        while ch < c {
            let n = c - ch;
            let (av, bv) = (S::load_n(a.add(ch), n), S::load_n(b.add(ch), n));
            let sv = if CODE == PRELU { S::load_n(slope.add(ch), n) } else { av };
            if n >= S::LANES {
                for r in row..end {
                    apply::<S, CODE>(S::load(x.add(r * c + ch)).fma(av, bv), sv).store(y.add(r * c + ch));
                }
            } else {
                for r in row..end {
                    let z = S::load_first(x.add(r * c + ch), n).fma(av, bv);
                    apply::<S, CODE>(z, sv).store_first(y.add(r * c + ch), n);
                }
            }
            ch += S::LANES;
        }
        row = end;
    }
}

/// y = activation(x·a + b) with a[c] and b[c], and slope[c] for PReLU; y may be x.
#[inline(always)]
pub unsafe fn affine<S: Simd, const CODE: u8>(args: &mut Args) -> f64 {
    let (x, m, c, a, b, y) = (args.floats(), args.size(), args.size(), args.floats(), args.floats(), args.floats());
    let slope = if CODE == PRELU { args.floats() } else { std::ptr::null_mut() };
    each_range::<S, _>(
        m,
        UNIT,
        3 * c,
        #[inline(always)]
        |first, end| {
            affine_of::<S, CODE>(x.add(first * c), end - first, c, a, b, slope, y.add(first * c));
        },
    );
    0.0
}

#[inline(always)]
unsafe fn affine_of<S: Simd, const CODE: u8>(
    x: *const f32,
    m: usize,
    c: usize,
    a: *const f32,
    b: *const f32,
    slope: *const f32,
    y: *mut f32,
) {
    let repeats = rows_per_vector::<S>(c);
    if repeats > 1 {
        let (a, b, slope) = (repeat::<S>(a, c), repeat::<S>(b, c), repeat::<S>(slope, c));
        let done = m / repeats * repeats;
        affine_rows::<S, CODE>(x, m / repeats, S::LANES, a.as_ptr(), b.as_ptr(), slope.as_ptr(), y);
        let (x, y) = (x.add(done * c), y.add(done * c));
        affine_rows::<S, CODE>(x, m - done, c, a.as_ptr(), b.as_ptr(), slope.as_ptr(), y);
    } else {
        affine_rows::<S, CODE>(x, m, c, a, b, slope, y);
    }
}

/// The vectors of channels that the gradient kernels read, each [c].
struct Channels {
    a: *const f32,
    b: *const f32,
    mean: *const f32,
    slope: *const f32,
}

impl Channels {
    #[inline(always)]
    unsafe fn add(&self, ch: usize) -> Self {
        let slope = if self.slope.is_null() { self.slope } else { self.slope.add(ch) };
        Self { a: self.a.add(ch), b: self.b.add(ch), mean: self.mean.add(ch), slope }
    }
}

/// Adds Σ dz, Σ dz·(x - mean) and, for PReLU, Σ dy·min(z, 0) to the totals, which are `step` values apart.
#[inline(always)]
unsafe fn add_grad_sums<S: Simd, const CODE: u8, const V: usize>(
    x: *const f32,
    dy: *const f32,
    m: usize,
    c: usize,
    count: usize,
    of: Channels,
    totals: *mut f64,
    step: usize,
) {
    let zero = S::splat(0.0);
    let last = count - (V - 1) * S::LANES;
    let lanes = |v: usize| if v == V - 1 { last } else { S::LANES };
    let (mut a, mut b, mut mean, mut slope) = ([zero; V], [zero; V], [zero; V], [zero; V]);
    for v in 0..V {
        a[v] = S::load_n(of.a.add(v * S::LANES), lanes(v));
        b[v] = S::load_n(of.b.add(v * S::LANES), lanes(v));
        mean[v] = S::load_n(of.mean.add(v * S::LANES), lanes(v));
        if CODE == PRELU {
            slope[v] = S::load_n(of.slope.add(v * S::LANES), lanes(v));
        }
    }
    let mut row = 0;
    while row < m {
        let end = m.min(row + BLOCK);
        let (mut s, mut q, mut negatives) = ([zero; V], [zero; V], [zero; V]);
        for r in row..end {
            let (from, grad) = (x.add(r * c), dy.add(r * c));
            for v in 0..V {
                let xv = S::load_n(from.add(v * S::LANES), lanes(v));
                let dyv = S::load_n(grad.add(v * S::LANES), lanes(v));
                let z = xv.fma(a[v], b[v]);
                let dz = apply_grad::<S, CODE>(dyv, z, slope[v]);
                s[v] = s[v].add(dz);
                q[v] = dz.fma(xv.sub(mean[v]), q[v]);
                if CODE == PRELU {
                    negatives[v] = z.min(zero).fma(dyv, negatives[v]);
                }
            }
        }
        for v in 0..V {
            let to = totals.add(v * S::LANES);
            flush(s[v], lanes(v), to);
            flush(q[v], lanes(v), to.add(step));
            if CODE == PRELU {
                flush(negatives[v], lanes(v), to.add(2 * step));
            }
        }
        row = end;
    }
}

/// Sums the rows x[m,c] and dy[m,c]; see `add_grad_sums`.
#[inline(always)]
unsafe fn sum_gradients<S: Simd, const CODE: u8>(
    x: *const f32,
    dy: *const f32,
    m: usize,
    c: usize,
    of: Channels,
    totals: *mut f64,
    step: usize,
) {
    std::ptr::write_bytes(totals, 0, 3 * step);
    let repeats = rows_per_vector::<S>(c);
    if repeats > 1 {
        let Channels { a, b, mean, slope } = of;
        let (a, b, mean, slope) = (repeat::<S>(a, c), repeat::<S>(b, c), repeat::<S>(mean, c), repeat::<S>(slope, c));
        let repeated = Channels { a: a.as_ptr(), b: b.as_ptr(), mean: mean.as_ptr(), slope: slope.as_ptr() };
        add_grad_sums::<S, CODE, 1>(x, dy, m / repeats, S::LANES, S::LANES, repeated, totals, step);
        for kind in 0..3 {
            for i in c..S::LANES {
                *totals.add(kind * step + i % c) += *totals.add(kind * step + i);
            }
        }
        let done = m / repeats * repeats;
        add_grad_sums::<S, CODE, 1>(x.add(done * c), dy.add(done * c), m - done, c, c, of, totals, step);
    } else {
        let mut ch = 0;
        while ch < c {
            let (from, grad, to) = (x.add(ch), dy.add(ch), totals.add(ch));
            if c - ch >= 4 * S::LANES && S::WIDE == 4 {
                add_grad_sums::<S, CODE, 4>(from, grad, m, c, 4 * S::LANES, of.add(ch), to, step);
                ch += 4 * S::LANES;
            } else if c - ch >= 2 * S::LANES {
                add_grad_sums::<S, CODE, 2>(from, grad, m, c, 2 * S::LANES, of.add(ch), to, step);
                ch += 2 * S::LANES;
            } else {
                add_grad_sums::<S, CODE, 1>(from, grad, m, c, S::LANES.min(c - ch), of.add(ch), to, step);
                ch += S::LANES;
            }
        }
    }
}

/// With z = x·a + b and dz = dy·activation'(z): dbeta[c] = Σ dz and dgamma[c] = Σ dz·(x - mean)·invStd. For PReLU also
/// dslope[c] = Σ dy·min(z, 0).
#[inline(always)]
pub unsafe fn grad_sums<S: Simd, const CODE: u8>(args: &mut Args) -> f64 {
    let (x, dy, m, c) = (args.floats(), args.floats(), args.size(), args.size());
    let (a, b, mean, inv_std) = (args.floats(), args.floats(), args.floats(), args.floats());
    let (dgamma, dbeta) = (args.floats(), args.floats());
    args.skip();
    let (slope, dslope) =
        if CODE == PRELU { (args.floats(), args.floats()) } else { (std::ptr::null_mut(), std::ptr::null_mut()) };
    let step = c + MOST_LANES;
    let mut scratch = sum_in_parts::<S, f64, _>(
        m,
        BLOCK,
        2 * m * c,
        3 * step,
        #[inline(always)]
        |first, end, totals| {
            let of = Channels { a, b, mean, slope };
            sum_gradients::<S, CODE>(x.add(first * c), dy.add(first * c), end - first, c, of, totals, step);
        },
    );
    let totals = scratch.at() as *mut f64;
    for ch in 0..c {
        *dbeta.add(ch) = *totals.add(ch) as f32;
        *dgamma.add(ch) = (*totals.add(step + ch) * *inv_std.add(ch) as f64) as f32;
        if CODE == PRELU {
            *dslope.add(ch) = *totals.add(2 * step + ch) as f32;
        }
    }
    0.0
}

#[inline(always)]
unsafe fn grad_input_rows<S: Simd, const CODE: u8>(
    x: *const f32,
    dy: *const f32,
    m: usize,
    c: usize,
    [a, b, p, q, slope]: [*const f32; 5],
    dx: *mut f32,
) {
    let tile = (TILE / c).max(4);
    let mut row = 0;
    while row < m {
        let end = m.min(row + tile);
        let mut ch = 0;
        while ch < c {
            let n = c - ch;
            let (av, bv) = (S::load_n(a.add(ch), n), S::load_n(b.add(ch), n));
            let (pv, qv) = (S::load_n(p.add(ch), n), S::load_n(q.add(ch), n));
            let sv = if CODE == PRELU { S::load_n(slope.add(ch), n) } else { av };
            for r in row..end {
                let at = r * c + ch;
                let xv = S::load_n(x.add(at), n);
                let dz = apply_grad::<S, CODE>(S::load_n(dy.add(at), n), xv.fma(av, bv), sv);
                dz.fma(av, xv.fma(pv, qv)).store_n(dx.add(at), n);
            }
            ch += S::LANES;
        }
        row = end;
    }
}

/// dx = a·dz + p·x + q with a[c], p[c] and q[c]: the input gradient of batch norm in one pass.
#[inline(always)]
pub unsafe fn grad_input<S: Simd, const CODE: u8>(args: &mut Args) -> f64 {
    let (x, dy, m, c) = (args.floats(), args.floats(), args.size(), args.size());
    let (a, b, p, q, dx) = (args.floats(), args.floats(), args.floats(), args.floats(), args.floats());
    let slope = if CODE == PRELU { args.floats() } else { std::ptr::null_mut() };
    let repeats = rows_per_vector::<S>(c);
    each_range::<S, _>(
        m,
        UNIT,
        4 * c,
        #[inline(always)]
        |first, end| {
            let (x, dy, m, dx) = (x.add(first * c), dy.add(first * c), end - first, dx.add(first * c));
            if repeats > 1 {
                let of =
                    [repeat::<S>(a, c), repeat::<S>(b, c), repeat::<S>(p, c), repeat::<S>(q, c), repeat::<S>(slope, c)];
                let of = [of[0].as_ptr(), of[1].as_ptr(), of[2].as_ptr(), of[3].as_ptr(), of[4].as_ptr()];
                let past = m / repeats * repeats;
                grad_input_rows::<S, CODE>(x, dy, m / repeats, S::LANES, of, dx);
                let (from, grad, to) = (x.add(past * c), dy.add(past * c), dx.add(past * c));
                grad_input_rows::<S, CODE>(from, grad, m - past, c, of, to);
            } else {
                grad_input_rows::<S, CODE>(x, dy, m, c, [a, b, p, q, slope], dx);
            }
        },
    );
    0.0
}
