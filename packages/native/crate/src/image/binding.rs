//! The function `decodeJpeg` of the addon: checks on the caller's thread, work on Node's thread pool.
use super::header::read_plain;
use super::reduce::{reduce, reduce_wide, Pixels};
use super::turbo_jpeg;
use napi_sys::*;
use std::ffi::c_void;
use std::ptr::null_mut;
use std::slice;

/// Most bytes of decoded pixels; sharp decodes larger images in strips.
const MOST_BYTES: usize = 1 << 28;

struct Job {
    work: napi_async_work,
    deferred: napi_deferred,
    /// Keep the memory of the file and of the result.
    references: [napi_ref; 2],
    jpeg: (*const u8, usize),
    pixels: (*mut u8, usize),
    /// Size that the decoder reduces to.
    decoded: (usize, usize),
    /// Side of the result; 0 to keep the decoded size and cut it to `kept`.
    side: usize,
    kept: (usize, usize),
    /// Whether to use AVX-512.
    is_wide: bool,
    is_decoded: bool,
}

impl Job {
    unsafe fn run(&mut self) {
        let jpeg = slice::from_raw_parts(self.jpeg.0, self.jpeg.1);
        let pixels = slice::from_raw_parts_mut(self.pixels.0, self.pixels.1);
        let (width, height) = self.decoded;
        if self.side == 0 || (width == self.side && height == self.side) {
            self.is_decoded = turbo_jpeg::decode(jpeg, pixels, width, height);
            return;
        }
        let mut data = vec![0; width * height * 3];
        self.is_decoded = turbo_jpeg::decode(jpeg, &mut data, width, height);
        if self.is_decoded {
            let image = cut(Pixels { width, height, data }, self.kept);
            let reduced = if self.is_wide { reduce_wide(image, self.side) } else { reduce(image, self.side) };
            pixels.copy_from_slice(&reduced.data);
        }
    }
}

/// Leaves out the last column or row where the decoder's size is rounded up.
fn cut(image: Pixels, (width, height): (usize, usize)) -> Pixels {
    if image.width == width && image.height == height {
        return image;
    }
    let rows = image.data.chunks_exact(image.width * 3).take(height);
    Pixels { width, height, data: rows.flat_map(|row| &row[..width * 3]).copied().collect() }
}

/// Returns the factor by which sharp has the decoder reduce an image.
fn decoder_factor(width: usize, height: usize, side: usize) -> usize {
    let shrink = (width as f64 / side as f64).min(height as f64 / side as f64);
    let factor = [8, 4, 2].into_iter().find(|&factor| shrink >= factor as f64).unwrap_or(1);
    // sharp: "Lower shrink-on-load for known libjpeg rounding errors".
    if factor > 1 && shrink as usize == factor {
        factor / 2
    } else {
        factor
    }
}

/// `decodeJpeg(bytes: Uint8Array, side: number, target?: Uint8Array)`: returns `[width, height, promise]`, where the promise is of
/// the RGB pixels, which are in `target` if it has their length, or of undefined if the file has errors. Returns undefined for files that are not plain. With a side other than 0 that fits into the
/// image, the result has side × side pixels.
pub unsafe extern "C" fn decode_jpeg<const WIDE: bool>(env: napi_env, info: napi_callback_info) -> napi_value {
    start(env, info, WIDE).unwrap_or(null_mut())
}

unsafe fn start(env: napi_env, info: napi_callback_info, is_wide: bool) -> Option<napi_value> {
    let mut count = 3;
    let mut arguments = [null_mut(); 3];
    napi_get_cb_info(env, info, &mut count, arguments.as_mut_ptr(), null_mut(), null_mut());
    let (mut kind, mut bytes, mut data, mut side) = (0, 0, null_mut(), 0u32);
    let status = napi_get_typedarray_info(env, arguments[0], &mut kind, &mut bytes, &mut data, null_mut(), null_mut());
    if status != Status::napi_ok || kind != TypedarrayType::uint8_array || data.is_null() {
        return None;
    }
    napi_get_value_uint32(env, arguments[1], &mut side);
    let plain = read_plain(slice::from_raw_parts(data as *const u8, bytes))?;
    let fits = side > 0 && plain.width.min(plain.height) >= side as usize;
    let side = if fits { side as usize } else { 0 };
    let factor = if fits { decoder_factor(plain.width, plain.height, side) } else { 1 };
    let decoded = (plain.width.div_ceil(factor), plain.height.div_ceil(factor));
    let (width, height) = if fits { (side, side) } else { decoded };
    if decoded.0 * decoded.1 * 3 > MOST_BYTES {
        return None;
    }
    let length = width * height * 3;
    let (array, pixels) = match find_target(env, arguments[2], length) {
        Some(target) => target,
        None => create_target(env, length)?,
    };
    let mut job = Box::new(Job {
        work: null_mut(),
        deferred: null_mut(),
        references: [null_mut(); 2],
        jpeg: (data as *const u8, bytes),
        pixels: (pixels as *mut u8, length),
        decoded,
        side,
        kept: (plain.width / factor, plain.height / factor),
        is_wide,
        is_decoded: false,
    });
    napi_create_reference(env, arguments[0], 1, &mut job.references[0]);
    napi_create_reference(env, array, 1, &mut job.references[1]);
    let (mut promise, mut name) = (null_mut(), null_mut());
    napi_create_promise(env, &mut job.deferred, &mut promise);
    napi_create_string_utf8(env, c"decodeJpeg".as_ptr(), -1, &mut name);
    let job = Box::into_raw(job);
    let work = &mut (*job).work;
    napi_create_async_work(env, null_mut(), name, Some(execute), Some(complete), job as *mut c_void, work);
    napi_queue_async_work(env, (*job).work);
    let mut result = null_mut();
    napi_create_array_with_length(env, 3, &mut result);
    for (i, size) in [width, height].into_iter().enumerate() {
        let mut value = null_mut();
        napi_create_uint32(env, size as u32, &mut value);
        napi_set_element(env, result, i as u32, value);
    }
    napi_set_element(env, result, 2, promise);
    Some(result)
}

/// Returns an array with its memory if it has the length.
unsafe fn find_target(env: napi_env, array: napi_value, length: usize) -> Option<(napi_value, *mut c_void)> {
    let (mut kind, mut given, mut pixels) = (0, 0, null_mut());
    let status = napi_get_typedarray_info(env, array, &mut kind, &mut given, &mut pixels, null_mut(), null_mut());
    let is_target = status == Status::napi_ok && kind == TypedarrayType::uint8_array && given == length;
    is_target.then_some((array, pixels))
}

unsafe fn create_target(env: napi_env, length: usize) -> Option<(napi_value, *mut c_void)> {
    let (mut buffer, mut pixels, mut array) = (null_mut(), null_mut(), null_mut());
    if napi_create_arraybuffer(env, length, &mut pixels, &mut buffer) != Status::napi_ok {
        return None;
    }
    napi_create_typedarray(env, TypedarrayType::uint8_array, length, buffer, 0, &mut array);
    Some((array, pixels))
}

unsafe extern "C" fn execute(_env: napi_env, data: *mut c_void) {
    (*(data as *mut Job)).run();
}

unsafe extern "C" fn complete(env: napi_env, _status: napi_status, data: *mut c_void) {
    let job = Box::from_raw(data as *mut Job);
    let mut result = null_mut();
    if job.is_decoded {
        napi_get_reference_value(env, job.references[1], &mut result);
    } else {
        napi_get_undefined(env, &mut result);
    }
    napi_resolve_deferred(env, job.deferred, result);
    for reference in job.references {
        napi_delete_reference(env, reference);
    }
    napi_delete_async_work(env, job.work);
}
