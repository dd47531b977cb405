import { describe, expect, test } from 'vitest';
import { decodePnm, isPnm } from '../src/decode/pnm.js';

const bytes = (header: string, ...values: number[]) =>
  Uint8Array.from([...Buffer.from(header, 'latin1'), ...values]);

describe('decodePnm', () => {
  test('decodes each of the six formats', () => {
    expect([...decodePnm(bytes('P5\n# a face\n2 2\n255\n', 0, 50, 100, 255)).data]).toEqual([
      0, 50, 100, 255,
    ]);
    expect([...decodePnm(bytes('P5 2 1 100\n', 50, 100)).data]).toEqual([128, 255]);
    expect([...decodePnm(bytes('P5 2 1 65535\n', 255, 255, 128, 0)).data]).toEqual([255, 128]);
    expect(decodePnm(bytes('P6 1 1 255\n', 9, 8, 7))).toEqual({
      width: 1,
      height: 1,
      channels: 3,
      data: Uint8Array.of(9, 8, 7),
    });
    expect([...decodePnm(bytes('P2\n2 2\n15\n0 5\n# comment\n10 15')).data]).toEqual([0, 85, 170, 255]);
    expect([...decodePnm(bytes('P3 1 1 255 1 2 3')).data]).toEqual([1, 2, 3]);
    expect([...decodePnm(bytes('P1 3 1 101')).data]).toEqual([0, 255, 0]);
    expect([...decodePnm(bytes('P4 10 1 ', 0b10100000, 0b01000000)).data]).toEqual([
      0, 255, 0, 255, 255, 255, 255, 255, 255, 0,
    ]);
  });

  test('refuses invalid files', () => {
    expect(isPnm(bytes('PX 1 1'))).toBe(false);
    expect(() => decodePnm(bytes('P5 4 4 255\n', 1, 2, 3))).toThrow(
      /truncated: expected 16 bytes of pixels, found 3/,
    );
    expect(() => decodePnm(bytes('P5 4'))).toThrow(/expected the height/);
    expect(() => decodePnm(bytes('P5 4 4 70000\n'))).toThrow(/maximum value must be 1 … 65535, not 70000/);
    expect(() => decodePnm(bytes('P5 0 4 255\n'))).toThrow(/size 0 × 4/);
    expect(() => decodePnm(bytes('P2 2 1 9 3 12'))).toThrow(/value 1 is 12, above/);
  });
});
