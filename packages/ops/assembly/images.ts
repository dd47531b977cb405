/** out[i] = tables[i mod 3][bytes[i]] for the bytes of RGB pixels, with tables[3,256]. */
export function lookUpPixels(bytes: usize, pixels: i32, tables: usize, out: usize): void {
  const green = tables + 1024, blue = tables + 2048;
  for (let i = 0; i < pixels; i++) {
    store<f32>(out, load<f32>(tables + (<usize>load<u8>(bytes) << 2)));
    store<f32>(out, load<f32>(green + (<usize>load<u8>(bytes, 1) << 2)), 4);
    store<f32>(out, load<f32>(blue + (<usize>load<u8>(bytes, 2) << 2)), 8);
    bytes += 3;
    out += 12;
  }
}
