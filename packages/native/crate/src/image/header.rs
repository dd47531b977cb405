//! Reads the segments before a JPEG file's first scan, to find files whose pixels need no conversion after decoding.

/// Size of a JPEG file that is plain.
#[derive(Clone, Copy)]
pub struct Plain {
    pub width: usize,
    pub height: usize,
}

/// The longest list of segments that is read.
const MOST_SEGMENTS: usize = 256;

/// Returns the size of an image with 8 bits, 1 or 3 components, no ICC profile, no gain map, and upright by EXIF. None for all
/// other files, which the caller leaves to sharp.
pub fn read_plain(bytes: &[u8]) -> Option<Plain> {
    if bytes.len() < 4 || bytes[..2] != [0xff, 0xd8] {
        return None;
    }
    let (mut at, mut size, mut has_exif) = (2, None, false);
    for _ in 0..MOST_SEGMENTS {
        while bytes.get(at) == Some(&0xff) && bytes.get(at + 1) == Some(&0xff) {
            at += 1;
        }
        if *bytes.get(at)? != 0xff {
            return None;
        }
        let marker = *bytes.get(at + 1)?;
        let length = be16(bytes, at + 2)?;
        let segment = bytes.get(at + 4..at + 2 + length)?;
        match marker {
            0xc0..=0xc2 => {
                let (&precision, &components) = (segment.first()?, segment.get(5)?);
                let (height, width) = (be16(segment, 1)?, be16(segment, 3)?);
                if size.is_some() || precision != 8 || !matches!(components, 1 | 3) || width == 0 || height == 0 {
                    return None;
                }
                size = Some(Plain { width, height });
            }
            // Lossless, hierarchical and arithmetic coding.
            0xc3 | 0xc5..=0xc7 | 0xc9..=0xcb | 0xcd..=0xcf => return None,
            0xda => return size,
            0xe1 if segment.starts_with(b"Exif") => {
                if has_exif || !is_upright(segment) {
                    return None;
                }
                has_exif = true;
            }
            0xe1 if contains(segment, b"hdrgm") || contains(segment, b"hdr-gain-map") => return None,
            // ICC profiles and gain maps.
            0xe2 => return None,
            0xc4 | 0xdb | 0xdd | 0xe0..=0xfe => {}
            _ => return None,
        }
        at += 2 + length;
    }
    None
}

/// Returns whether EXIF data are readable and contain no orientation other than 1.
fn is_upright(segment: &[u8]) -> bool {
    const ORIENTATION: u32 = 0x0112;
    const SHORT: u32 = 3;
    let Some(tiff) = segment.strip_prefix(b"Exif\0\0") else { return false };
    let is_little = match tiff.get(..4) {
        Some(b"II*\0") => true,
        Some(b"MM\0*") => false,
        _ => return false,
    };
    let number = |at: usize, bytes: usize| -> Option<u32> {
        let part = tiff.get(at..at.checked_add(bytes)?)?;
        let join = |sum: u32, byte: &u8| sum << 8 | *byte as u32;
        Some(if is_little { part.iter().rev().fold(0, join) } else { part.iter().fold(0, join) })
    };
    let Some(directory) = number(4, 4).map(|offset| offset as usize) else { return false };
    let Some(entries) = number(directory, 2) else { return false };
    for entry in 0..entries as usize {
        let at = directory + 2 + 12 * entry;
        match (number(at, 2), number(at + 2, 2), number(at + 8, 2)) {
            (Some(ORIENTATION), kind, value) => return kind == Some(SHORT) && value == Some(1),
            (Some(_), ..) => {}
            (None, ..) => return false,
        }
    }
    true
}

fn be16(bytes: &[u8], at: usize) -> Option<usize> {
    Some((*bytes.get(at)? as usize) << 8 | *bytes.get(at + 1)? as usize)
}

fn contains(bytes: &[u8], text: &[u8]) -> bool {
    bytes.windows(text.len()).any(|window| window == text)
}
