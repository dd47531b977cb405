//! Functions of the addon that augment images. Each takes typed arrays and numbers, checks their sizes, and works in place.
use super::augment::{self, Axis};
use crate::throw;
use napi_sys::*;
use std::ptr::null_mut;
use std::slice;

const MOST_ARGUMENTS: usize = 9;

/// The arguments of a call.
struct Call {
    env: napi_env,
    arguments: [napi_value; MOST_ARGUMENTS],
}

impl Call {
    unsafe fn new(env: napi_env, info: napi_callback_info) -> Self {
        let mut count = MOST_ARGUMENTS;
        let mut arguments = [null_mut(); MOST_ARGUMENTS];
        napi_get_cb_info(env, info, &mut count, arguments.as_mut_ptr(), null_mut(), null_mut());
        Self { env, arguments }
    }
    unsafe fn array<T>(&self, index: usize, expected: napi_typedarray_type) -> Option<&'static mut [T]> {
        let (mut kind, mut length, mut data) = (0, 0, null_mut());
        let (env, value) = (self.env, self.arguments[index]);
        let status = napi_get_typedarray_info(env, value, &mut kind, &mut length, &mut data, null_mut(), null_mut());
        let is_given = status == Status::napi_ok && kind == expected && !data.is_null();
        is_given.then(|| slice::from_raw_parts_mut(data as *mut T, length))
    }
    unsafe fn bytes(&self, index: usize) -> Option<&'static mut [u8]> {
        self.array(index, TypedarrayType::uint8_array)
    }
    unsafe fn floats(&self, index: usize) -> Option<&'static mut [f32]> {
        self.array(index, TypedarrayType::float32_array)
    }
    unsafe fn number(&self, index: usize) -> Option<f64> {
        let mut value = 0.0;
        (napi_get_value_double(self.env, self.arguments[index], &mut value) == Status::napi_ok).then_some(value)
    }
    unsafe fn pixels(&self, index: usize) -> Option<&'static mut [u8]> {
        self.bytes(index).filter(|bytes| bytes.len() % 3 == 0)
    }
}

/// Defines a function of the addon, and a version of its work for AVX2.
macro_rules! function {
    ($name:ident, |$call:ident| $run:block, ($($value:ident: $kind:ty),*) => $work:expr) => {
        pub unsafe extern "C" fn $name(env: napi_env, info: napi_callback_info) -> napi_value {
            #[cfg_attr(target_arch = "x86_64", target_feature(enable = "avx2"))]
            unsafe fn work($($value: $kind),*) -> f64 {
                $work
            }
            unsafe fn run($call: &Call) -> Option<f64> {
                let ($($value,)*) = $run;
                Some(work($($value),*))
            }
            match run(&Call::new(env, info)) {
                Some(number) => {
                    let mut result = null_mut();
                    napi_create_double(env, number, &mut result);
                    result
                }
                None => throw(env, concat!("@unitsphere/native: ", stringify!($name), ": arguments of other types or sizes.")),
            }
        }
    };
}

function!(sum_luminance, |call| { (call.pixels(0)?,) }, (data: &mut [u8]) => augment::sum_luminance(data));

function!(map_levels, |call| {
    (call.bytes(0)?, (&*call.bytes(1)?).try_into().ok()?)
}, (data: &mut [u8], table: &[u8; 256]) => {
    augment::map_levels(data, table);
    0.0
});

function!(adjust_saturation, |call| {
    (call.pixels(0)?, call.number(1)?)
}, (data: &mut [u8], factor: f64) => {
    augment::adjust_saturation(data, factor);
    0.0
});

function!(adjust_hue, |call| {
    (call.pixels(0)?, call.number(1).filter(|sixths| (0.0..=6.0).contains(sixths))?)
}, (data: &mut [u8], sixths: f64) => {
    augment::adjust_hue(data, sixths);
    0.0
});

function!(blur, |call| {
    let (data, width) = (call.pixels(0)?, call.number(1)? as usize);
    let weights = call.floats(2).filter(|weights| (2..=4).contains(&weights.len()))?;
    if width == 0 || data.is_empty() || data.len() % (width * 3) != 0 {
        return None;
    }
    (data, width, weights)
}, (data: &mut [u8], width: usize, weights: &[f32]) => {
    augment::blur(data, width, weights);
    0.0
});

function!(add_normal, |call| {
    let state = call.array::<u32>(1, TypedarrayType::uint32_array)?;
    let quantiles = call.floats(2).filter(|quantiles| quantiles.len() == 4096)?;
    (call.bytes(0)?, state.try_into().ok()?, quantiles, call.number(3)?)
}, (data: &mut [u8], state: &mut [u32; 4], quantiles: &[f32], deviation: f64) => {
    augment::add_normal(data, state, quantiles, deviation);
    0.0
});

function!(warp, |call| {
    let (from, to) = (&*call.bytes(0)?, call.bytes(1)?);
    let ints = |index| call.array::<i32>(index, TypedarrayType::int32_array).map(|values| &*values);
    let columns = Axis { first: ints(2)?, second: ints(3)?, weight: ints(4)? };
    let rows = Axis { first: ints(5)?, second: ints(6)?, weight: ints(7)? };
    if !fits(&columns, &rows, from.len(), to.len()) {
        return None;
    }
    (from, to, columns, rows)
}, (from: &[u8], to: &mut [u8], columns: Axis, rows: Axis) => {
    augment::warp(from, to, &columns, &rows);
    0.0
});

/// Returns whether all reads and writes lie in the images.
fn fits(columns: &Axis, rows: &Axis, from: usize, to: usize) -> bool {
    let length = columns.first.len();
    let is_whole = [columns, rows].iter().all(|axis| {
        axis.first.len() == axis.second.len() && axis.first.len() == axis.weight.len() && axis.weight.iter().all(|weight| (0..=2048).contains(weight))
    });
    let offsets = |axis: &Axis| axis.first.iter().chain(axis.second).copied().map(i64::from).fold((i64::MAX, 0), |(low, high), at| (low.min(at), high.max(at)));
    let (column, row) = (offsets(columns), offsets(rows));
    is_whole && length > 0 && column.0 >= 0 && row.0 >= 0 && (column.1 + row.1 + 3) as usize <= from && to == length * rows.first.len() * 3
}
