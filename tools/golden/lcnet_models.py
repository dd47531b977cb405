"""timm's feature-only LCNet with hash-filled weights, and helpers for all backbones."""

import timm
import torch

from golden import Fill

NAMES = ['lcnet_035', 'lcnet_050', 'lcnet_075', 'lcnet_100', 'lcnet_150']


def create(name: str) -> torch.nn.Module:
    """Creates a model of all five stage maps with random weights."""
    return timm.create_model(name, pretrained=False, features_only=True, out_indices=(0, 1, 2, 3, 4))


def weight_fills(model: torch.nn.Module, seed: int) -> dict:
    """Returns a fill for every floating-point tensor of the state dict, seeded in its order.

    Kernels are uniform within the Kaiming bound sqrt(6 / fan in). Norm scales are around 1, shifts and running means
    around 0, and running variances around the variances that result from such kernels.
    """
    fills = {}
    for index, (key, value) in enumerate(model.state_dict().items()):
        shape = tuple(value.shape)
        if key.endswith('num_batches_tracked'):
            continue
        if key.endswith('running_var'):
            fills[key] = Fill(shape, 0.4, seed + index, 1.0)
        elif key.endswith('running_mean'):
            fills[key] = Fill(shape, 0.2, seed + index)
        elif value.dim() == 4:
            fills[key] = Fill(shape, (6.0 / (value.numel() // shape[0])) ** 0.5, seed + index)
        elif key.endswith('weight'):
            fills[key] = Fill(shape, 0.3, seed + index, 1.2)
        else:
            fills[key] = Fill(shape, 0.3, seed + index, 0.1)
    return fills


def load(model: torch.nn.Module, fills: dict, dtype: torch.dtype) -> torch.nn.Module:
    """Converts the model to dtype and loads the weights. Only the batch counters keep their values."""
    model = model.to(dtype)
    left = model.load_state_dict({key: fill.tensor(dtype) for key, fill in fills.items()}, strict=False)
    if left.unexpected_keys or any(not key.endswith('num_batches_tracked') for key in left.missing_keys):
        raise AssertionError(f'weights do not match the model: {left}')
    return model


class CornerWatch:
    """Records the least distance of an activation's input to a point where its derivative jumps.

    A gradient at such a point depends on rounding, so golden inputs avoid it.
    """

    CORNERS = {'Hardswish': (-3.0, 3.0), 'Hardsigmoid': (-3.0, 3.0), 'ReLU': (0.0,), 'ReLU6': (0.0, 6.0), 'PReLU': (0.0,)}

    def __init__(self, model: torch.nn.Module):
        self.distance = float('inf')
        for module in model.modules():
            corners = self.CORNERS.get(type(module).__name__)
            if corners:
                module.register_forward_pre_hook(lambda _, inputs, corners=corners: self._see(inputs[0], corners))
            if isinstance(module, torch.nn.MaxPool2d):
                module.register_forward_pre_hook(lambda pool, inputs: self._see_pool(pool, inputs[0]))

    def _see_pool(self, pool, value):
        k, padding = pool.kernel_size, pool.padding
        padded = torch.nn.functional.pad(value.detach(), (padding,) * 4, value=-float('inf'))
        windows = padded.unfold(2, k, pool.stride).unfold(3, k, pool.stride).flatten(4)
        first, second = windows.topk(2, dim=-1).values.unbind(-1)
        # If all values are zero, the gradient of the activation before the pool is zero.
        gap = (first - second)[first > 0]
        self.distance = min(self.distance, float(gap.min()))

    def _see(self, value, corners):
        for corner in corners:
            self.distance = min(self.distance, float((value.detach() - corner).abs().min()))
