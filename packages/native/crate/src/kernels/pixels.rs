//! Bytes of pixels as floats.
use crate::heap::Args;
use crate::simd::Simd;
use crate::team::each_range;

/// out[i] = tables[i mod 3][bytes[i]] for the bytes of RGB pixels, with tables[3,256].
#[inline(always)]
pub unsafe fn look_up_pixels<S: Simd>(args: &mut Args) -> f64 {
    let (bytes, pixels, tables, out) = (args.bytes(), args.size(), args.floats(), args.floats());
    each_range::<S, _>(
        pixels,
        64,
        8,
        #[inline(always)]
        |first, end| {
            for i in first..end {
                for channel in 0..3 {
                    *out.add(3 * i + channel) = *tables.add(256 * channel + *bytes.add(3 * i + channel) as usize);
                }
            }
        },
    );
    0.0
}
