//! Functions of the addon that augment and resize images. Each takes typed arrays and numbers, checks their sizes, and works in place.
use super::augment;
use super::blur::blur as blur_image;
use super::resample::{self, resample as resample_image};
use super::warp::{self, warp as warp_image};
use crate::call::Call;
use crate::throw;
use napi_sys::*;
use std::ptr::null_mut;

/// Returns an array of RGB pixels.
unsafe fn pixels(call: &Call, index: usize) -> Option<&'static mut [u8]> {
    call.bytes(index).filter(|bytes| bytes.len() % 3 == 0)
}

/// Defines a function of the addon, and versions of its work for AVX2 and AVX-512. `WIDE` selects the latter.
macro_rules! function {
    ($name:ident, |$call:ident| $run:block, ($($value:ident: $kind:ty),*) => $work:expr) => {
        pub unsafe extern "C" fn $name<const WIDE: bool>(env: napi_env, info: napi_callback_info) -> napi_value {
            #[allow(unused)]
            #[cfg_attr(target_arch = "x86_64", target_feature(enable = "avx2"))]
            unsafe fn work($($value: $kind),*) -> f64 {
                const HAS_AVX512: bool = false;
                $work
            }
            #[allow(unused)]
            #[cfg_attr(target_arch = "x86_64", target_feature(enable = "avx2,avx512f,avx512bw,avx512vl,avx512dq"))]
            unsafe fn work_wide($($value: $kind),*) -> f64 {
                const HAS_AVX512: bool = true;
                $work
            }
            unsafe fn read($call: &Call) -> Option<($($kind,)*)> {
                Some($run)
            }
            match read(&Call::new(env, info)) {
                Some(($($value,)*)) => {
                    let number = if WIDE { work_wide($($value),*) } else { work($($value),*) };
                    let mut result = null_mut();
                    napi_create_double(env, number, &mut result);
                    result
                }
                None => throw(env, concat!("@unitsphere/native: ", stringify!($name), ": arguments of other types or sizes.")),
            }
        }
    };
}

function!(sum_channels, |call| {
    (pixels(call, 0)?, call.doubles(1).filter(|sums| sums.len() == 3)?)
}, (data: &'static mut [u8], sums: &'static mut [f64]) => {
    for (to, sum) in sums.iter_mut().zip(augment::sum_channels(data)) {
        *to = sum as f64;
    }
    0.0
});

function!(map_levels, |call| {
    (call.bytes(0)?, (&*call.bytes(1)?).try_into().ok()?)
}, (data: &'static mut [u8], table: &'static [u8; 256]) => {
    augment::map_levels(data, table, HAS_AVX512);
    0.0
});

function!(adjust_saturation, |call| {
    (pixels(call, 0)?, call.number(1)? as f32)
}, (data: &'static mut [u8], factor: f32) => {
    augment::adjust_saturation(data, factor);
    0.0
});

function!(adjust_hue, |call| {
    (pixels(call, 0)?, call.number(1).filter(|sixths| (0.0..=6.0).contains(sixths))? as f32)
}, (data: &'static mut [u8], sixths: f32) => {
    augment::adjust_hue(data, sixths);
    0.0
});

function!(blur, |call| {
    let (data, width) = (pixels(call, 0)?, call.number(1)? as usize);
    let weights = call.shorts(2).filter(|weights| (2..=4).contains(&weights.len()))?;
    let sum = weights.iter().fold(0, |sum, &weight| sum + 2 * weight as u32) - weights[0] as u32;
    if width == 0 || data.is_empty() || data.len() % (width * 3) != 0 || sum != 256 {
        return None;
    }
    (data, width, weights)
}, (data: &'static mut [u8], width: usize, weights: &'static mut [u16]) => {
    blur_image(data, width, weights);
    0.0
});

function!(add_normal, |call| {
    let state = call.words(1)?;
    (call.bytes(0)?, state.try_into().ok()?, (&*call.floats(2)?).try_into().ok()?, call.number(3)?)
}, (data: &'static mut [u8], state: &'static mut [u32; 4], quantiles: &'static [f32; 4096], deviation: f64) => {
    augment::add_normal(data, state, quantiles, deviation);
    0.0
});

function!(warp, |call| {
    let (from, to) = (&*call.bytes(0)?, call.bytes(1)?);
    let columns = warp::Axis { first: call.ints(2)?, second: call.ints(3)?, weight: call.ints(4)? };
    let rows = warp::Axis { first: call.ints(5)?, second: call.ints(6)?, weight: call.ints(7)? };
    if !fits(&columns, &rows, from.len(), to.len()) {
        return None;
    }
    (from, to, columns, rows)
}, (from: &'static [u8], to: &'static mut [u8], columns: warp::Axis<'static>, rows: warp::Axis<'static>) => {
    warp_image(from, to, &columns, &rows);
    0.0
});

function!(resample, |call| {
    let (from, width, to) = (&*pixels(call, 0)?, call.number(1)? as usize, call.bytes(2)?);
    let columns = resample::Axis { starts: call.ints(3)?, counts: call.ints(4)?, weights: call.ints(5)? };
    let rows = resample::Axis { starts: call.ints(6)?, counts: call.ints(7)?, weights: call.ints(8)? };
    if width == 0 || from.len() % (width * 3) != 0 || !columns.fits(width) || !rows.fits(from.len() / (width * 3)) {
        return None;
    }
    if to.len() != columns.starts.len() * rows.starts.len() * 3 {
        return None;
    }
    (from, width, to, columns, rows)
}, (from: &'static [u8], width: usize, to: &'static mut [u8], columns: resample::Axis<'static>, rows: resample::Axis<'static>) => {
    resample_image(from, width, to, &columns, &rows);
    0.0
});

/// Returns whether all reads and writes lie in the images.
fn fits(columns: &warp::Axis, rows: &warp::Axis, from: usize, to: usize) -> bool {
    let length = columns.first.len();
    let is_whole = [columns, rows].iter().all(|axis| {
        axis.first.len() == axis.second.len()
            && axis.first.len() == axis.weight.len()
            && axis.weight.iter().all(|weight| (0..=warp::ONE).contains(weight))
    });
    let offsets = |axis: &warp::Axis| {
        axis.first
            .iter()
            .chain(axis.second)
            .copied()
            .map(i64::from)
            .fold((i64::MAX, 0), |(low, high), at| (low.min(at), high.max(at)))
    };
    let (column, row) = (offsets(columns), offsets(rows));
    is_whole
        && length > 0
        && column.0 >= 0
        && row.0 >= 0
        && (column.1 + row.1 + 3) as usize <= from
        && to == length * rows.first.len() * 3
}
