//! The parts of the TurboJPEG interface of mozjpeg (libjpeg-turbo) that decode. Its defaults, an accurate integer DCT and smooth
//! upsampling of colors, are those of libvips.
// Links the library, whose crate does not declare this interface.
use mozjpeg_sys as _;
use std::ffi::{c_int, c_uchar, c_ulong, c_void};

extern "C" {
    fn tjInitDecompress() -> *mut c_void;
    fn tjDecompress2(
        handle: *mut c_void,
        jpeg: *const c_uchar,
        bytes: c_ulong,
        pixels: *mut c_uchar,
        width: c_int,
        pitch: c_int,
        height: c_int,
        format: c_int,
        flags: c_int,
    ) -> c_int;
    fn tjDestroy(handle: *mut c_void) -> c_int;
}

const RGB: c_int = 0;
const STOP_ON_WARNING: c_int = 8192;

struct Handle(*mut c_void);

impl Drop for Handle {
    fn drop(&mut self) {
        unsafe { tjDestroy(self.0) };
    }
}

thread_local! {
    static HANDLE: Handle = Handle(unsafe { tjInitDecompress() });
}

/// Decodes a JPEG file to RGB, reduced to width × height: its size divided by 1, 2, 4 or 8 and rounded up. Returns false for a
/// file with errors or warnings.
pub fn decode(jpeg: &[u8], pixels: &mut [u8], width: usize, height: usize) -> bool {
    assert!(pixels.len() >= width * height * 3);
    HANDLE.with(|handle| {
        !handle.0.is_null()
            && unsafe {
                tjDecompress2(
                    handle.0,
                    jpeg.as_ptr(),
                    jpeg.len() as c_ulong,
                    pixels.as_mut_ptr(),
                    width as c_int,
                    0,
                    height as c_int,
                    RGB,
                    STOP_ON_WARNING,
                )
            } == 0
    })
}

/// Readers and writers of uncompressed files, which only tjLoadImage and tjSaveImage call. mozjpeg-sys does not compile them, and
/// linkers of macOS and Windows require their symbols.
#[cfg(any(windows, target_vendor = "apple"))]
mod uncompressed_files {
    macro_rules! absent {
        ($($name:ident)*) => {
            $(#[no_mangle]
            extern "C" fn $name() {
                std::process::abort();
            })*
        };
    }
    absent!(jinit_read_bmp jinit_read_ppm jinit_write_bmp jinit_write_ppm);
}
