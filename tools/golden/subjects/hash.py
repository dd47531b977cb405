"""Test vectors of hash_fill."""

from golden import Fill, Sampled, hash_bits

ABOUT = (
    'Test vectors of hashFill. bits = mix(index * 0x9E3779B1 XOR mix(seed + 0x9E3779B9)) modulo 2**32, where mix is '
    "MurmurHash3's 32-bit finalizer; value = float32((bits / 2**32 - 0.5) * (2 * scale) + offset), computed in float64 and "
    'rounded once. "fill" is a hash-filled tensor, "values" are its elements, and "bits" the first eight hashes.'
)


def cases(dtype):
    fills = {
        'unit': Fill((3, 5), 1.0, 0),
        'offset': Fill((2, 3, 4), 0.1, 1, 1.0),
        'seeds differ': Fill((24,), 0.1, 2, 1.0),
        'scale without an exact double': Fill((17,), 0.3333333333333333, 12345, -0.7),
        'largest seed': Fill((8,), 2.5, 0xFFFFFFFF),
        'one element': Fill((1,), 1e-6, 77),
        'long': Fill((1000, 300), 4.0, 2024),
    }
    made = []
    for name, fill in fills.items():
        values = fill.tensor(dtype)
        made.append({
            'name': name,
            'fill': fill,
            'values': Sampled(values) if fill.count > 2048 else values,
            'bits': [int(bits) for bits in hash_bits(min(8, fill.count), fill.seed)],
        })
    return made
