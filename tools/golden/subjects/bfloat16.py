"""float32 rounded to bfloat16, for every upper half of its bits."""

import hashlib

import numpy as np
import torch

LOWER = [0x0000, 0x0001, 0x7FFF, 0x8000, 0x8001, 0xFFFF]

ABOUT = (
    'float32.to(bfloat16) of the 65536 values with the bits upper << 16 | lower, upper = 0 ... 65535, for several lower '
    "halves; 0x8000 gives ties. sha256 is the hash of the results' 16-bit patterns, little-endian, in order, with every NaN "
    "as 0x7fc0, because PyTorch's NaN patterns depend on the processor and the length."
)


def cases(dtype):
    made = []
    for lower in LOWER:
        bits = (np.arange(1 << 16, dtype=np.uint32) << np.uint32(16)) | np.uint32(lower)
        rounded = torch.from_numpy(bits.view(np.float32)).to(torch.bfloat16)
        patterns = rounded.view(torch.int16).numpy().view(np.uint16).copy()
        patterns[torch.isnan(rounded).numpy()] = 0x7FC0
        made.append({
            'name': f'lower half 0x{lower:04x}',
            'lower': lower,
            'sha256': hashlib.sha256(patterns.astype('<u2').tobytes()).hexdigest(),
            'nans': int(torch.isnan(rounded).sum()),
        })
    return made
