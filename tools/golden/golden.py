"""Shared code of the subjects: hash-filled tensors, the file format and sampled tensors.

Inputs are float32 values. Results are computed in a given dtype: float64 for the files (rounded once to float32 when
stored), or float32 to measure the error of PyTorch's float32 arithmetic.
"""

import base64
import json
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

FILES = Path(__file__).parent / 'files'
FULL_LIMIT = 2048
SAMPLE_COUNT = 512


def _mix(h: np.ndarray) -> np.ndarray:
    """MurmurHash3's 32-bit finalizer, on uint32 arrays (products wrap)."""
    h = h ^ (h >> np.uint32(16))
    h = h * np.uint32(0x85EBCA6B)
    h = h ^ (h >> np.uint32(13))
    h = h * np.uint32(0xC2B2AE35)
    return h ^ (h >> np.uint32(16))


def hash_bits(count: int, seed: int) -> np.ndarray:
    """Returns the 32 bits of each value: mix(index * 0x9E3779B1 XOR mix(seed + 0x9E3779B9)), all modulo 2**32."""
    start = _mix(np.array([(seed + 0x9E3779B9) & 0xFFFFFFFF], dtype=np.uint32))
    return _mix((np.arange(count, dtype=np.uint32) * np.uint32(0x9E3779B1)) ^ start)


def hash_fill(count: int, scale: float, seed: int, offset: float = 0.0) -> np.ndarray:
    """Returns float32((bits / 2**32 - 0.5) * (2 * scale) + offset), bit-identical to hashFill of read.ts."""
    unit = hash_bits(count, seed).astype(np.float64) / 4294967296.0
    return ((unit - 0.5) * (2.0 * float(scale)) + float(offset)).astype(np.float32)


@dataclass(frozen=True)
class Fill:
    """A tensor of which a file stores only the parameters of hash_fill."""

    shape: tuple
    scale: float
    seed: int
    offset: float = 0.0

    @property
    def count(self) -> int:
        return math.prod(self.shape)

    def tensor(self, dtype: torch.dtype, requires_grad: bool = False) -> torch.Tensor:
        values = torch.from_numpy(hash_fill(self.count, self.scale, self.seed, self.offset)).reshape(self.shape)
        return values.to(dtype).requires_grad_(requires_grad)


@dataclass(frozen=True)
class Sampled:
    """A large result, stored as its L2 norm and every k-th element of the flattened tensor."""

    value: torch.Tensor
    count: int = SAMPLE_COUNT


@dataclass(frozen=True)
class Canceling:
    """A result that is a small remainder of canceling terms, and the size of the terms, to which errors are relative."""

    value: torch.Tensor
    scale: float


def mark_canceling(value: torch.Tensor, scale: torch.Tensor):
    """Wraps the tensor in Canceling if its terms, of size `scale`, cancel to less than a hundredth."""
    size = float(scale.detach().max())
    # Three digits suffice to measure errors.
    return value if float(value.detach().abs().max()) > 0.01 * size else Canceling(value, float(f'{size:.3g}'))


def sample(value: torch.Tensor, limit: int = FULL_LIMIT, count: int = SAMPLE_COUNT):
    """Returns the tensor if it has at most `limit` elements, else a sample of at most `count` elements."""
    return value if value.numel() <= limit else Sampled(value, count)


def sample_step(count: int, samples: int = SAMPLE_COUNT) -> int:
    """Returns the smallest step for at most `samples` elements without a factor 2, 3 or 5, which map sizes have."""
    step = -(-count // samples)
    while step % 2 == 0 or step % 3 == 0 or step % 5 == 0:
        step += 1
    return step


def to_float32(values, dtype=torch.float32) -> torch.Tensor:
    """Returns input values as the float32 tensor that a reader gets."""
    return torch.tensor(values, dtype=dtype)


def _raw(tensor: torch.Tensor) -> tuple:
    array = tensor.detach().cpu().contiguous().numpy()
    if array.dtype == np.float64:
        array = array.astype(np.float32)
    name = str(array.dtype)
    if name not in ('float32', 'int32', 'int64', 'uint8'):
        raise TypeError(f'golden files support float32, int32, int64 and uint8 tensors, not {name}')
    if name == 'float32' and not np.isfinite(array).all():
        raise ValueError('a golden tensor has a NaN or an infinity')
    return name, base64.b64encode(array.astype(array.dtype.newbyteorder('<')).tobytes()).decode('ascii')


def encode(value):
    """Converts a value to the JSON of a golden file."""
    if isinstance(value, Fill):
        fill = {'count': value.count, 'scale': value.scale, 'seed': value.seed, 'offset': value.offset}
        return {'hash': fill, 'shape': list(value.shape)}
    if isinstance(value, Sampled):
        flat = value.value.detach().reshape(-1)
        step = sample_step(flat.numel(), value.count)
        dtype, data = _raw(flat[::step])
        # Twelve digits, because the last ones depend on the order of a machine's sums.
        norm = float(f'{flat.double().norm().item():.12g}')
        return {'shape': list(value.value.shape), 'sampled': {'every': step, 'norm': norm}, 'dtype': dtype, 'data': data}
    if isinstance(value, Canceling):
        # Values that are only rounding errors are stored as zero.
        rest = torch.where(value.value.detach().abs() < 1e-13 * value.scale, 0.0, value.value.detach())
        return {**encode(rest), 'scale': value.scale}
    if isinstance(value, torch.Tensor):
        dtype, data = _raw(value)
        return {'shape': list(value.shape), 'dtype': dtype, 'data': data}
    if isinstance(value, dict):
        return {key: encode(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [encode(item) for item in value]
    if value is None or isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError('golden files do not support NaN and infinity')
        return value
    raise TypeError(f'cannot store a {type(value).__name__} in a golden file')


def dump(about: str, cases: list) -> str:
    """Returns the text of one file."""
    return json.dumps({'about': about, 'cases': encode(cases)}, indent=1, ensure_ascii=False) + '\n'


def gradients(y: torch.Tensor, dy: torch.Tensor, leaves: dict) -> dict:
    """Returns the gradient of sum(y * dy) with respect to every named leaf."""
    found = torch.autograd.grad(y, list(leaves.values()), dy)
    return dict(zip(leaves.keys(), found))


class NormTerms:
    """Records the size of the terms in the gradients of a module's norms.

    A batch norm removes the mean of its input over the batch. In a norm before it, the gradient of the shift is therefore
    zero, and that of the scale nearly zero: terms of ordinary size cancel.
    """

    def __init__(self, module: torch.nn.Module):
        self.sizes = {}
        for name, norm in module.named_modules():
            if isinstance(norm, (torch.nn.LayerNorm, torch.nn.BatchNorm1d)):
                norm.register_forward_hook(lambda norm, _, y, name=name: self._watch(name, norm, y))

    def _watch(self, name, norm, y):
        normalized = ((y - norm.bias) / norm.weight).detach()
        prefix = f'{name}.' if name else ''

        def see(upstream):
            self.sizes[f'{prefix}bias'] = upstream.abs().sum(0)
            self.sizes[f'{prefix}weight'] = (upstream * normalized).abs().sum(0)

        y.register_hook(see)

    def mark(self, found: dict) -> dict:
        return {key: mark_canceling(g, self.sizes[key]) if key in self.sizes else g for key, g in found.items()}
