//! Reduces images by libvips' `vips_resize` with the kernel `linear`, to the same bytes: a box filter by a whole factor where the
//! reduction is by four or more, then a triangle filter in fixed point; rows first, then columns.
//! See libvips, resample/resize.c, reducev.cpp, reduceh.cpp, shrinkv.c and shrinkh.c.

/// RGB, row-major.
pub struct Pixels {
    pub width: usize,
    pub height: usize,
    pub data: Vec<u8>,
}

const CHANNELS: usize = 3;
const SHIFT: i32 = 12;
const HALF: i32 = 1 << (SHIFT - 1);
/// Positions between two pixels that have weights of their own.
const PHASES: usize = 64;
/// The filter's part of a reduction: a larger one begins with a box filter.
const GAP: f64 = 2.0;
/// libvips reduces strips of so many rows, and adds up positions from the start of each.
const STRIP: usize = 10;

/// Reduces an image to side × side. Both sides of the image are at least `side`.
#[cfg_attr(target_arch = "x86_64", target_feature(enable = "avx2"))]
pub unsafe fn reduce(image: Pixels, side: usize) -> Pixels {
    reduce_axes(image, side)
}

/// The same for AVX-512.
#[cfg_attr(target_arch = "x86_64", target_feature(enable = "avx2,avx512f,avx512bw,avx512vl,avx512dq"))]
pub unsafe fn reduce_wide(image: Pixels, side: usize) -> Pixels {
    reduce_axes(image, side)
}

#[inline(always)]
fn reduce_axes(image: Pixels, side: usize) -> Pixels {
    let (width, height) = (image.width, image.height);
    let image = if height > side { reduce_rows(image, Axis::new(height, side, STRIP)) } else { image };
    if width > side {
        reduce_columns(image, Axis::new(width, side, side))
    } else {
        image
    }
}

/// Taps are padded with zeros to a multiple of this number, which one vector of 16 bytes holds.
const GROUP: usize = 4;

/// How one axis is reduced.
struct Axis {
    /// Number of output pixels.
    count: usize,
    /// Pixels that the box filter averages, 1 without it.
    boxes: usize,
    /// Weights of the triangle filter for each output pixel; 0 if the box filter is all.
    taps: usize,
    /// First source pixel of each output pixel; may lie outside the image, where the edge is repeated.
    firsts: Vec<isize>,
    /// `taps` weights for each output pixel.
    weights: Vec<i16>,
}

impl Axis {
    fn new(length: usize, side: usize, strip: usize) -> Self {
        // sharp passes the scale, of which libvips takes the reciprocal again.
        let factor = 1.0 / (1.0 / (length as f64 / side as f64));
        let count = (length as f64 / factor + 0.5) as usize;
        let mut extra = count as f64 * factor - length as f64;
        let boxes = ((length as f64 / count as f64 / GAP).floor() as usize).max(1);
        let mut residual = factor;
        if boxes > 1 {
            extra /= boxes as f64;
            residual /= boxes as f64;
        }
        let mut axis = Self { count, boxes, taps: 0, firsts: Vec::new(), weights: Vec::new() };
        if residual == 1.0 {
            return axis;
        }
        let points = 2 * residual.round_ties_even() as usize + 1;
        let offset = (1.0 + extra) / 2.0 - 1.0;
        let masks: Vec<Vec<i16>> =
            (0..=PHASES).map(|phase| mask(points, residual, phase as f64 / PHASES as f64)).collect();
        // The triangle is narrower than the points: zeros at the start are left out.
        let leads: Vec<usize> = masks.iter().map(|mask| mask.iter().take_while(|&&weight| weight == 0).count()).collect();
        let spans = masks.iter().zip(&leads).map(|(mask, lead)| {
            mask.iter().rposition(|&weight| weight != 0).map_or(0, |last| last + 1 - lead)
        });
        axis.taps = spans.max().unwrap_or(0).next_multiple_of(GROUP);
        axis.weights.reserve(count * axis.taps);
        let margin = points.div_ceil(2) as isize - 1;
        let mut position = 0.0;
        for i in 0..count {
            if i % strip == 0 {
                position = (i as f64 + 0.5) * residual - 0.5 - offset;
            }
            let fine = (position * (2 * PHASES) as f64) as i32 & (2 * PHASES as i32 - 1);
            let phase = (fine as usize + 1) >> 1;
            let (mask, lead) = (&masks[phase], leads[phase]);
            axis.firsts.push(position as i32 as isize - margin + lead as isize);
            axis.weights.extend(mask[lead..].iter().copied().chain(std::iter::repeat(0)).take(axis.taps));
            position += residual;
        }
        axis
    }

    /// The first source pixel and the weights of every output pixel.
    #[inline(always)]
    fn each(&self) -> impl Iterator<Item = (isize, &[i16])> {
        self.firsts.iter().copied().zip(self.weights.chunks_exact(self.taps))
    }
}

/// Returns the weights of a triangle filter whose center lies `x` of a pixel behind the middle point.
fn mask(points: usize, reduction: f64, x: f64) -> Vec<i16> {
    let half = x + points as f64 / 2.0 - 1.0;
    // libvips 8.19 multiplies by a reciprocal, which rounds some weights differently.
    let weights: Vec<f64> = (0..points).map(|i| (1.0 - ((i as f64 - half) / reduction).abs()).max(0.0)).collect();
    let sum = weights.iter().fold(0.0, |sum, weight| sum + weight);
    weights.iter().map(|weight| (weight / sum * (1 << SHIFT) as f64) as i16).collect()
}

/// Returns the factor of a box filter, of which a sum's product has the average in its upper 8 bits.
fn box_factor(boxes: usize) -> u32 {
    ((1u64 << 32) / (256 * boxes as u64)) as u32
}

fn clamp(i: isize, count: usize) -> usize {
    i.clamp(0, count as isize - 1) as usize
}

#[inline(always)]
fn reduce_rows(image: Pixels, axis: Axis) -> Pixels {
    let image = if axis.boxes > 1 { box_rows(image, axis.boxes) } else { image };
    if axis.taps == 0 {
        return image;
    }
    let Pixels { width, height, data } = image;
    let bytes = width * CHANNELS;
    let mut output = vec![0u8; axis.count * bytes];
    let mut sums = vec![0i32; bytes];
    for (row, (first, weights)) in output.chunks_exact_mut(bytes).zip(axis.each()) {
        sums.fill(HALF);
        for (group, four) in weights.chunks_exact(GROUP).enumerate() {
            let lines: [&[u8]; GROUP] = std::array::from_fn(|i| {
                &data[clamp(first + (group * GROUP + i) as isize, height) * bytes..][..bytes]
            });
            let four: [i32; GROUP] = std::array::from_fn(|i| four[i] as i32);
            for (i, sum) in sums.iter_mut().enumerate() {
                let [a, b, c, d] = std::array::from_fn(|k| lines[k][i] as i32 * four[k]);
                *sum += (a + b) + (c + d);
            }
        }
        for (value, &sum) in row.iter_mut().zip(&sums) {
            *value = (sum >> SHIFT).clamp(0, 255) as u8;
        }
    }
    Pixels { width, height: axis.count, data: output }
}

#[inline(always)]
fn box_rows(image: Pixels, boxes: usize) -> Pixels {
    let Pixels { width, height, data } = image;
    let bytes = width * CHANNELS;
    let count = height.div_ceil(boxes);
    let factor = box_factor(boxes);
    let mut output = vec![0u8; count * bytes];
    let mut sums = vec![0u32; bytes];
    for (i, row) in output.chunks_exact_mut(bytes).enumerate() {
        sums.fill(boxes as u32 / 2);
        for y in i * boxes..(i + 1) * boxes {
            let start = y.min(height - 1) * bytes;
            for (sum, &value) in sums.iter_mut().zip(&data[start..start + bytes]) {
                *sum += value as u32;
            }
        }
        for (value, sum) in row.iter_mut().zip(&sums) {
            *value = (sum.wrapping_mul(factor) >> 24) as u8;
        }
    }
    Pixels { width, height: count, data: output }
}

#[inline(always)]
fn reduce_columns(image: Pixels, axis: Axis) -> Pixels {
    let image = if axis.boxes > 1 { box_columns(image, axis.boxes) } else { image };
    if axis.taps == 0 {
        return image;
    }
    let Pixels { width, height, data } = image;
    // A line with repeated edges, and a vector's bytes behind it.
    let margin = axis.firsts.iter().map(|first| (-first).max(0)).max().unwrap_or(0) as usize;
    let last = axis.firsts.iter().max().map_or(0, |first| first + axis.taps as isize);
    let padded = margin + last.max(width as isize) as usize;
    let mut line = vec![0u8; padded * CHANNELS + 16];
    let bytes = axis.count * CHANNELS;
    // A value to ignore lies behind each pixel; the next pixel overwrites it.
    let mut output = vec![0u8; bytes * height + 1];
    let starts: Vec<usize> = axis.firsts.iter().map(|first| (first + margin as isize) as usize * CHANNELS).collect();
    let weights = PairWeights::new(&axis);
    for row in 0..height {
        let source = &data[row * width * CHANNELS..(row + 1) * width * CHANNELS];
        line[margin * CHANNELS..(margin + width) * CHANNELS].copy_from_slice(source);
        for edge in line[..margin * CHANNELS].chunks_exact_mut(CHANNELS) {
            edge.copy_from_slice(&source[..CHANNELS]);
        }
        for edge in line[(margin + width) * CHANNELS..padded * CHANNELS].chunks_exact_mut(CHANNELS) {
            edge.copy_from_slice(&source[(width - 1) * CHANNELS..]);
        }
        // Safe: every start has its taps, and 16 bytes from the last group, in the line.
        unsafe { weigh_line(&line, &starts, &weights, output.as_mut_ptr().add(row * bytes)) };
    }
    output.truncate(bytes * height);
    Pixels { width: axis.count, height, data: output }
}

/// Weights of pairs of output pixels, each pair's four times the first two and four times the last two of a group, as two vectors.
struct PairWeights {
    /// Groups of taps.
    groups: usize,
    values: Vec<[[i16; 2 * PAIR]; 4]>,
}

/// Lanes of 16 bits of a half of a vector of 32 bytes.
const PAIR: usize = 4;

impl PairWeights {
    fn new(axis: &Axis) -> Self {
        let groups = axis.taps / GROUP;
        let mut values = Vec::with_capacity(axis.count.div_ceil(2) * groups);
        for pair in axis.weights.chunks(2 * axis.taps) {
            for group in 0..groups {
                // The last pair of an odd number repeats its only pixel.
                let of = |pixel: usize, half: usize| -> [i16; 2 * PAIR] {
                    let at = pixel * axis.taps % pair.len() + group * GROUP + 2 * half;
                    std::array::from_fn(|i| pair[at + i % 2])
                };
                values.push([of(0, 0), of(1, 0), of(0, 1), of(1, 1)]);
            }
        }
        Self { groups, values }
    }
}

/// Writes the weighted sums of the channels of neighboring pixels, rounded, for each output pixel and a value to ignore.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
unsafe fn weigh_line(line: &[u8], starts: &[usize], weights: &PairWeights, to: *mut u8) {
    use std::arch::x86_64::*;
    // Pairs of neighbors by channel, as 16 bits.
    let first_two = _mm256_broadcastsi128_si256(_mm_set_epi8(-1, -1, -1, -1, -1, 5, -1, 2, -1, 4, -1, 1, -1, 3, -1, 0));
    let last_two = _mm256_broadcastsi128_si256(_mm_set_epi8(-1, -1, -1, -1, -1, 11, -1, 8, -1, 10, -1, 7, -1, 9, -1, 6));
    let load = |at: usize| _mm_loadu_si128(line.as_ptr().add(at) as *const __m128i);
    for (pair, (starts, weights)) in starts.chunks(2).zip(weights.values.chunks_exact(weights.groups)).enumerate() {
        let (one, two) = (starts[0], starts[starts.len() - 1]);
        let mut sums = _mm256_set1_epi32(HALF);
        for (group, values) in weights.iter().enumerate() {
            let at = group * GROUP * CHANNELS;
            let pixels = _mm256_inserti128_si256(_mm256_castsi128_si256(load(one + at)), load(two + at), 1);
            let values = values.as_ptr() as *const __m256i;
            let first = _mm256_madd_epi16(_mm256_shuffle_epi8(pixels, first_two), _mm256_loadu_si256(values));
            let last = _mm256_madd_epi16(_mm256_shuffle_epi8(pixels, last_two), _mm256_loadu_si256(values.add(1)));
            sums = _mm256_add_epi32(sums, _mm256_add_epi32(first, last));
        }
        let words = _mm256_packs_epi32(_mm256_srai_epi32(sums, SHIFT), sums);
        let bytes = _mm256_packus_epi16(words, words);
        let at = to.add(2 * pair * CHANNELS);
        (at as *mut i32).write_unaligned(_mm_cvtsi128_si32(_mm256_castsi256_si128(bytes)));
        if starts.len() == 2 {
            (at.add(CHANNELS) as *mut i32).write_unaligned(_mm_cvtsi128_si32(_mm256_extracti128_si256(bytes, 1)));
        }
    }
}

#[cfg(not(target_arch = "x86_64"))]
#[inline(always)]
unsafe fn weigh_line(line: &[u8], starts: &[usize], weights: &PairWeights, to: *mut u8) {
    for (i, &start) in starts.iter().enumerate() {
        let mut sums = [HALF; CHANNELS];
        for (tap, pixel) in line[start..].chunks_exact(CHANNELS).take(weights.groups * GROUP).enumerate() {
            let [group, at] = [tap / GROUP, tap % GROUP];
            let weight = weights.values[i / 2 * weights.groups + group][at / 2 * 2 + i % 2][at % 2];
            for c in 0..CHANNELS {
                sums[c] += pixel[c] as i32 * weight as i32;
            }
        }
        for c in 0..CHANNELS {
            to.add(i * CHANNELS + c).write((sums[c] >> SHIFT).clamp(0, 255) as u8);
        }
    }
}

#[inline(always)]
fn box_columns(image: Pixels, boxes: usize) -> Pixels {
    let Pixels { width, height, data } = image;
    let count = width.div_ceil(boxes);
    let factor = box_factor(boxes);
    let mut output = vec![0u8; count * height * CHANNELS];
    for (row, target) in output.chunks_exact_mut(count * CHANNELS).enumerate() {
        let source = &data[row * width * CHANNELS..(row + 1) * width * CHANNELS];
        for (x, pixel) in target.chunks_exact_mut(CHANNELS).enumerate() {
            let mut sums = [boxes as u32 / 2; CHANNELS];
            for column in x * boxes..(x + 1) * boxes {
                let at = column.min(width - 1) * CHANNELS;
                for c in 0..CHANNELS {
                    sums[c] += source[at + c] as u32;
                }
            }
            for c in 0..CHANNELS {
                pixel[c] = (sums[c].wrapping_mul(factor) >> 24) as u8;
            }
        }
    }
    Pixels { width: count, height, data: output }
}
