"""What every subject shares: hash-filled tensors, the file format, and sampled tensors.

Inputs are float32 values. Results are computed in the dtype a subject is asked for: float64 for the files (rounded
once to float32 when stored), float32 to measure what PyTorch's own float32 arithmetic loses.
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
    """The 32 bits behind each value: mix(index * 0x9E3779B1 XOR mix(seed + 0x9E3779B9)), all modulo 2**32."""
    start = _mix(np.array([(seed + 0x9E3779B9) & 0xFFFFFFFF], dtype=np.uint32))
    return _mix((np.arange(count, dtype=np.uint32) * np.uint32(0x9E3779B1)) ^ start)


def hash_fill(count: int, scale: float, seed: int, offset: float = 0.0) -> np.ndarray:
    """float32((bits / 2**32 - 0.5) * (2 * scale) + offset): in [offset - scale, offset + scale], the same as read.ts."""
    unit = hash_bits(count, seed).astype(np.float64) / 4294967296.0
    return ((unit - 0.5) * (2.0 * float(scale)) + float(offset)).astype(np.float32)


@dataclass(frozen=True)
class Fill:
    """A tensor that a file names instead of storing: its values come from hash_fill."""

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
    """A big result, stored as its L2 norm and every k-th element of it flattened."""

    value: torch.Tensor
    count: int = SAMPLE_COUNT


@dataclass(frozen=True)
class Canceling:
    """A result that is a small rest of large terms, with the size of those terms: errors are to be measured by that."""

    value: torch.Tensor
    scale: float


def canceling(value: torch.Tensor, scale: torch.Tensor):
    """The tensor itself, marked where its terms, of size `scale`, cancel to under a hundredth."""
    size = float(scale.detach().max())
    # Three digits: it is a yardstick, not a result.
    return value if float(value.detach().abs().max()) > 0.01 * size else Canceling(value, float(f'{size:.3g}'))


def sampled(value: torch.Tensor, limit: int = FULL_LIMIT, count: int = SAMPLE_COUNT):
    """The tensor itself when it has no more elements than the limit, else a sample of at most `count`."""
    return value if value.numel() <= limit else Sampled(value, count)


def sample_step(count: int, samples: int = SAMPLE_COUNT) -> int:
    """The smallest step giving at most `samples` elements that shares no factor 2, 3 or 5 with maps and kernels."""
    step = -(-count // samples)
    while step % 2 == 0 or step % 3 == 0 or step % 5 == 0:
        step += 1
    return step


def exact(values, dtype=torch.float32) -> torch.Tensor:
    """Chosen input values as the float32 tensor that a reader will get."""
    return torch.tensor(values, dtype=dtype)


def _raw(tensor: torch.Tensor) -> tuple:
    array = tensor.detach().cpu().contiguous().numpy()
    if array.dtype == np.float64:
        array = array.astype(np.float32)
    name = str(array.dtype)
    if name not in ('float32', 'int32', 'int64', 'uint8'):
        raise TypeError(f'a golden file holds float32, int32, int64 and uint8 tensors, not {name}')
    if name == 'float32' and not np.isfinite(array).all():
        raise ValueError('a golden tensor holds NaN or an infinity')
    return name, base64.b64encode(array.astype(array.dtype.newbyteorder('<')).tobytes()).decode('ascii')


def encode(value):
    """A value as the JSON of a golden file."""
    if isinstance(value, Fill):
        fill = {'count': value.count, 'scale': value.scale, 'seed': value.seed, 'offset': value.offset}
        return {'hash': fill, 'shape': list(value.shape)}
    if isinstance(value, Sampled):
        flat = value.value.detach().reshape(-1)
        step = sample_step(flat.numel(), value.count)
        dtype, data = _raw(flat[::step])
        # Twelve digits: the last ones depend on the order of a machine's sums.
        norm = float(f'{flat.double().norm().item():.12g}')
        return {'shape': list(value.value.shape), 'sampled': {'every': step, 'norm': norm}, 'dtype': dtype, 'data': data}
    if isinstance(value, Canceling):
        # What is zero but for rounding is stored as zero.
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
            raise ValueError('a golden file holds no NaN and no infinity')
        return value
    raise TypeError(f'cannot store a {type(value).__name__} in a golden file')


def dump(about: str, cases: list) -> str:
    """The text of one file."""
    return json.dumps({'about': about, 'cases': encode(cases)}, indent=1, ensure_ascii=False) + '\n'


def gradients(y: torch.Tensor, dy: torch.Tensor, leaves: dict) -> dict:
    """The gradient of sum(y * dy) for every named leaf."""
    found = torch.autograd.grad(y, list(leaves.values()), dy)
    return dict(zip(leaves.keys(), found))


class NormTerms:
    """Watches the norms of a module for the sizes of the terms that make up their parameters' gradients.

    A batch norm takes away what its input has in common over the batch, so the shift, and nearly all of the scale, of
    a norm before it has no gradient: terms of ordinary size cancel.
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
        return {key: canceling(g, self.sizes[key]) if key in self.sizes else g for key, g in found.items()}
