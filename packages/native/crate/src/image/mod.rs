//! Images for @unitsphere/images and @unitsphere/data: decoding of plain JPEG files on Node's threads, with the pixels of sharp
//! (libvips with mozjpeg), and augmentation, with the bytes of the loops in JavaScript.
mod augment;
mod augment_binding;
mod binding;
mod header;
mod reduce;
mod turbo_jpeg;

use napi_sys::napi_callback;

/// The functions of the addon by name.
pub const FUNCTIONS: [(&str, napi_callback); 8] = [
    ("decodeJpeg", Some(binding::decode_jpeg)),
    ("sumLuminance", Some(augment_binding::sum_luminance)),
    ("mapLevels", Some(augment_binding::map_levels)),
    ("adjustSaturation", Some(augment_binding::adjust_saturation)),
    ("adjustHue", Some(augment_binding::adjust_hue)),
    ("blur", Some(augment_binding::blur)),
    ("addNormal", Some(augment_binding::add_normal)),
    ("warp", Some(augment_binding::warp)),
];

/// Returns whether the processor has the vectors that the functions are compiled for.
pub fn is_supported() -> bool {
    #[cfg(target_arch = "x86_64")]
    return is_x86_feature_detected!("avx2");
    #[cfg(not(target_arch = "x86_64"))]
    true
}
