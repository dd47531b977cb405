//! What follows the sums of a product or a convolution while its values are in cache: a bias, another tensor, an activation.
use super::act::{apply, with_code};
use crate::heap::Args;
use crate::simd::Simd;
use std::ptr::null;

/// y = activation(y + bias[c] + added), each part optional.
#[derive(Clone, Copy)]
pub struct Finish {
    /// One value a column.
    pub bias: *const f32,
    /// A tensor of the same layout as the output.
    pub added: *const f32,
    pub code: usize,
    /// PReLU's, one value a column.
    pub slope: *const f32,
}

impl Finish {
    pub const NOTHING: Self = Self { bias: null(), added: null(), code: 0, slope: null() };

    /// Reads bias, code and slope.
    pub fn read_activation(args: &mut Args) -> Self {
        let (bias, code, slope) = (args.floats(), args.size(), args.floats());
        Self { bias, added: null(), code, slope }
    }

    /// Finishes a block of rows from `row0` and columns from `column0` of the output, whose first value is at `y`.
    #[inline(always)]
    pub unsafe fn apply<S: Simd>(&self, y: *mut f32, step: usize, row0: usize, rows: usize, column0: usize, columns: usize) {
        if self.code == 0 && self.bias.is_null() && self.added.is_null() {
            return;
        }
        let at = |base: *const f32, offset: usize| if base.is_null() { base } else { base.add(offset) };
        let (bias, slope) = (at(self.bias, column0), at(self.slope, column0));
        let added = at(self.added, row0 * step + column0);
        with_code!(self.code, finish, S, (y, step, rows, columns, bias, added, slope));
    }
}

#[inline(always)]
unsafe fn finish<S: Simd, const CODE: u8>(
    y: *mut f32,
    step: usize,
    rows: usize,
    columns: usize,
    bias: *const f32,
    added: *const f32,
    slope: *const f32,
) {
    let zero = S::splat(0.0);
    let mut ch = 0;
    while ch < columns {
        let n = columns - ch;
        let shift = if bias.is_null() { zero } else { S::load_n(bias.add(ch), n) };
        let fall = if slope.is_null() { zero } else { S::load_n(slope.add(ch), n) };
        for row in 0..rows {
            let at = row * step + ch;
            let mut z = S::load_n(y.add(at), n).add(shift);
            if !added.is_null() {
                z = z.add(S::load_n(added.add(at), n));
            }
            apply::<S, CODE>(z, fall).store_n(y.add(at), n);
        }
        ch += S::LANES;
    }
}
