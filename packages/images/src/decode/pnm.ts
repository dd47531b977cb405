/** A decoded portable anymap: grayscale (1 channel) or RGB (3 channels), 8 bits per channel. */
export interface PnmImage {
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3;
  readonly data: Uint8Array;
}

/** Returns whether the bytes start like a portable bitmap, graymap or pixmap (P1 … P6). */
export function isPnm(bytes: Uint8Array): boolean {
  return bytes.length > 2 && bytes[0] === 0x50 && bytes[1] >= 0x31 && bytes[1] <= 0x36 && isSpace(bytes[2]);
}

/**
 * Decodes PBM, PGM and PPM, plain and raw (Netpbm's format specifications); values are scaled to 0 … 255.
 * @throws Error if the header is incomplete, a value is out of range, or pixels are missing.
 */
export function decodePnm(bytes: Uint8Array): PnmImage {
  if (!isPnm(bytes)) throw new Error('not a portable anymap (does not start with P1 … P6)');
  const kind = bytes[1] - 0x30;
  const raw = kind > 3;
  const bitmap = kind === 1 || kind === 4;
  const channels = kind % 3 === 0 ? 3 : 1;
  let at = 2;

  const skip = () => {
    while (at < bytes.length && (isSpace(bytes[at]) || bytes[at] === 0x23)) {
      if (bytes[at] === 0x23) while (at < bytes.length && bytes[at] !== 0x0a && bytes[at] !== 0x0d) at++;
      else at++;
    }
  };
  const integer = (what: string): number => {
    skip();
    const start = at;
    let value = 0;
    while (at < bytes.length && bytes[at] >= 0x30 && bytes[at] <= 0x39)
      value = value * 10 + bytes[at++] - 0x30;
    if (at === start) throw new Error(`the file is truncated or damaged: expected ${what}`);
    return value;
  };

  const width = integer('the width');
  const height = integer('the height');
  const maximum = bitmap ? 1 : integer('the maximum value');
  if (width < 1 || height < 1 || width * height > 268402689) {
    throw new Error(`the size ${width} × ${height} is not supported`);
  }
  if (maximum < 1 || maximum > 65535) throw new Error(`the maximum value must be 1 … 65535, not ${maximum}`);
  const count = width * height * channels;
  const data = new Uint8Array(count);

  if (!raw) {
    for (let i = 0; i < count; i++) {
      let value: number;
      if (bitmap) {
        skip();
        if (at >= bytes.length) throw new Error(`expected ${count} pixels, but the file contains ${i}`);
        value = 1 - (bytes[at++] - 0x30);
        if (value !== 0 && value !== 1) throw new Error(`pixel ${i} is neither 0 nor 1`);
      } else {
        value = integer(`value ${i} of ${count}`);
        if (value > maximum) throw new Error(`value ${i} is ${value}, above the maximum ${maximum}`);
      }
      data[i] = Math.round((value * 255) / maximum);
    }
    return { width, height, channels, data };
  }

  // One whitespace byte separates the header from the pixels.
  at++;
  const rowBytes = bitmap ? Math.ceil(width / 8) : width * channels * (maximum > 255 ? 2 : 1);
  if (bytes.length - at < rowBytes * height) {
    throw new Error(
      `the file is truncated: expected ${rowBytes * height} bytes of pixels, found ${bytes.length - at}`,
    );
  }
  if (bitmap) {
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const bit = (bytes[at + y * rowBytes + (x >> 3)] >> (7 - (x & 7))) & 1;
        data[y * width + x] = bit === 1 ? 0 : 255;
      }
    }
  } else if (maximum > 255) {
    for (let i = 0; i < count; i++) {
      data[i] = Math.min(
        255,
        Math.round(((bytes[at + 2 * i] * 256 + bytes[at + 2 * i + 1]) * 255) / maximum),
      );
    }
  } else {
    for (let i = 0; i < count; i++) data[i] = Math.min(255, Math.round((bytes[at + i] * 255) / maximum));
  }
  return { width, height, channels, data };
}

function isSpace(byte: number): boolean {
  return byte === 0x20 || (byte >= 0x09 && byte <= 0x0d);
}
