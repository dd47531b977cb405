"""A tensor of each dtype that the weight readers support, with edge values."""

import torch

half = torch.tensor([0.0, -0.0, 1.5, -2.25, 65504.0, 2**-24, float('inf'), float('nan')])
DTYPE_TENSORS = {
    'half': half.to(torch.float16),
    'bfloat': torch.tensor([[1.0, -0.5], [3.140625, 1e30]]).to(torch.bfloat16),
    'double': torch.tensor([1 / 3, -1e-300], dtype=torch.float64),
    'bn.num_batches_tracked': torch.tensor(2**40 + 1),
    'int32': torch.tensor([-(2**31), 7], dtype=torch.int32),
    'int16': torch.tensor([-5, 300], dtype=torch.int16),
    'int8': torch.tensor([-128, 127], dtype=torch.int8),
    'uint8': torch.tensor([0, 255, 3], dtype=torch.uint8),
    'bool': torch.tensor([True, False, True]),
    'empty': torch.zeros(0, 3),
}
FLOAT = torch.arange(6, dtype=torch.float32).reshape(2, 3) / 4 - 0.5
