//! Rows that are gathered and updated where they are. Addresses are checked against the memory before the first access.
use crate::call::Call;
use crate::heap::Args;
use crate::kernels;
use crate::{simd, throw};
use napi_sys::*;
use std::ptr::null_mut;

/// `gatherRows(memory, begins, out)`: copies rows of equal length one after another.
pub unsafe extern "C" fn gather_rows(env: napi_env, info: napi_callback_info) -> napi_value {
    if gather(&Call::new(env, info)).is_none() {
        return throw(env, "@unitsphere/native: gatherRows: arguments of other types or sizes.");
    }
    null_mut()
}

unsafe fn gather(call: &Call) -> Option<()> {
    let (memory, begins, out) = (call.bytes(0)?, call.words(1)?, call.floats(2)?);
    let length = out.len() / begins.len();
    if length * begins.len() != out.len() || !fit(begins, 0, length, memory.len()) {
        return None;
    }
    for (row, &begin) in out.chunks_exact_mut(length).zip(begins.iter()) {
        let from = memory.as_ptr().add(begin as usize) as *const f32;
        std::ptr::copy_nonoverlapping(from, row.as_mut_ptr(), length);
    }
    Some(())
}

/// `adamWRows(isa, memory, begins, expAvg, expAvgSq, gradient, stepSizes, corrections, scale, beta1, beta2, eps, decay)`: a step of
/// AdamW on rows. `expAvg` and `expAvgSq` are byte offsets from the parameter's row; the last two arrays have a float for each row.
pub unsafe extern "C" fn adam_w_rows(env: napi_env, info: napi_callback_info) -> napi_value {
    if adam_w(&Call::new(env, info)).is_none() {
        return throw(env, "@unitsphere/native: adamWRows: arguments of other types or sizes.");
    }
    null_mut()
}

unsafe fn adam_w(call: &Call) -> Option<()> {
    let isa = call.text(0);
    let (memory, begins) = (call.bytes(1)?, call.words(2)?);
    let (exp_avg, exp_avg_sq, gradient) = (call.size(3)?, call.size(4)?, call.floats(5)?);
    let (steps, corrections) = (call.floats(6)?, call.floats(7)?);
    let length = gradient.len() / begins.len();
    let is_whole = length * begins.len() == gradient.len()
        && steps.len() == begins.len()
        && corrections.len() == begins.len()
        && [0, exp_avg, exp_avg_sq].iter().all(|&column| fit(begins, column, length, memory.len()));
    if !is_whole || !simd::supports(&isa) {
        return None;
    }
    let kernel = kernels::of(&isa).iter().find(|(name, _)| *name == "adamW")?.1;
    let [scale, beta1, beta2, eps, decay] = [call.number(8)?, call.number(9)?, call.number(10)?, call.number(11)?, call.number(12)?];
    for (i, &begin) in begins.iter().enumerate() {
        let row = memory.as_mut_ptr().add(begin as usize);
        // Absolute addresses, which float64 holds exactly, from base 0.
        let address = |column: usize| row.add(column) as usize as f64;
        let values = [
            address(0),
            gradient.as_ptr().add(i * length) as usize as f64,
            address(exp_avg),
            address(exp_avg_sq),
            length as f64,
            address(0),
            scale,
            beta1,
            beta2,
            1.0 - beta1,
            1.0 - beta2,
            steps[i] as f64,
            corrections[i] as f64,
            eps,
            decay,
        ];
        kernel(&mut Args::new(null_mut(), &values));
    }
    Some(())
}

/// Returns whether a column of every row, aligned to floats, lies in the memory.
fn fit(begins: &[u32], column: usize, length: usize, bytes: usize) -> bool {
    length > 0 && column % 4 == 0 && begins.iter().all(|&begin| begin % 4 == 0 && begin as usize + column + 4 * length <= bytes)
}
