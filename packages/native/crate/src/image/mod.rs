//! Images for @unitsphere/images and @unitsphere/data: decoding of plain JPEG files on Node's threads, with the pixels of sharp
//! (libvips with mozjpeg), resizing and augmentation, with the bytes of the loops in JavaScript.
mod augment;
mod augment_binding;
mod binding;
mod blur;
mod header;
mod pixels;
mod reduce;
mod resample;
mod turbo_jpeg;
mod warp;

use napi_sys::napi_callback;

type Function = (&'static str, napi_callback);

/// The functions by name. `WIDE` selects those for AVX-512.
const fn table<const WIDE: bool>() -> [Function; 9] {
    [
        ("decodeJpeg", Some(binding::decode_jpeg::<WIDE>)),
        ("sumChannels", Some(augment_binding::sum_channels::<WIDE>)),
        ("mapLevels", Some(augment_binding::map_levels::<WIDE>)),
        ("adjustSaturation", Some(augment_binding::adjust_saturation::<WIDE>)),
        ("adjustHue", Some(augment_binding::adjust_hue::<WIDE>)),
        ("blur", Some(augment_binding::blur::<WIDE>)),
        ("addNormal", Some(augment_binding::add_normal::<WIDE>)),
        ("warp", Some(augment_binding::warp::<WIDE>)),
        ("resample", Some(augment_binding::resample::<WIDE>)),
    ]
}

/// The functions of an instruction set, which the processor must support.
pub fn of(isa: &str) -> [Function; 9] {
    if isa == "avx512" { table::<true>() } else { table::<false>() }
}
