"""Feature-only backbones from timm and insightface's arcface_torch, and what their golden cases share."""

import timm
import torch
from torch import nn

from golden import Cancelling, Fill, gradients, sampled
from lcnet_models import load, weight_fills

TIMM = [
    'lcnet_035', 'lcnet_050', 'lcnet_075', 'lcnet_100', 'lcnet_150',
    'mobilenetv3_small_050', 'mobilenetv3_small_075', 'mobilenetv3_small_100',
    'mobilenetv3_large_075', 'mobilenetv3_large_100',
]
NAMES = [*TIMM]

ABOUT_CASES = (
    'The weights are "state" (the published keys; num_batches_tracked starts at 0). "features" are the stage maps '
    '[N,C,H,W]. "dx" and "gradients", where there are any, are those of sum(last map * dy); "running" are the running '
    'statistics after the one training pass. Of a tensor of more than 64 elements the norm and at most 64 are stored.'
)


def create(name: str) -> nn.Module:
    """All stage maps, random weights."""
    return timm.create_model(name, pretrained=False, features_only=True)


def whole_state(name: str) -> dict:
    """The state dict of the whole published model."""
    return timm.create_model(name, pretrained=False).state_dict()


def info(model: nn.Module) -> dict:
    """Channels and reductions of the stage maps."""
    found = model.feature_info
    return {'channels': found.channels(), 'reductions': found.reduction()}


def default_size(name: str) -> int:
    """The image size that the published weights of that name were trained for."""
    return timm.get_pretrained_cfg(name).input_size[-1]


def multiply_adds(model: nn.Module, size: int) -> int:
    """Multiply-accumulates of the convolutions and linear layers for one image, as fvcore counts them."""
    total = 0

    def see(module, inputs, y):
        nonlocal total
        if isinstance(module, nn.Conv2d):
            total += y.numel() * module.weight[0].numel()
        else:
            total += y.numel() * module.in_features

    hooks = [m.register_forward_hook(see) for m in model.modules() if isinstance(m, (nn.Conv2d, nn.Linear))]
    with torch.no_grad():
        model.eval()(torch.zeros(1, 3, size, size))
    for hook in hooks:
        hook.remove()
    return total


def fills(model: nn.Module, seed: int) -> dict:
    """Weights as lcnet's; what ends a residual branch is small, so that a deep network's values stay moderate."""
    found = weight_fills(model, seed)
    for name, module in model.named_modules():
        key = f'{name}.weight'
        if isinstance(module, nn.PReLU):
            found[key] = Fill(found[key].shape, 0.2, found[key].seed, 0.25)
        elif name.endswith(ENDS_OF_BRANCHES):
            found[key] = Fill(found[key].shape, 0.2, found[key].seed, 0.4)
    return found


# The last norm of an inverted residual, of IResNet's and of ResNet's blocks.
ENDS_OF_BRANCHES = ('.bn3', '.pw_proj.bn')


class NormTerms2d:
    """Watches the batch norms of a network for the size of the terms that make up their parameters' gradients.

    A norm whose output goes through a convolution into another norm has no gradient for its shift: terms of ordinary
    size cancel. Their size is taken as the root of the sum of squares, what independent terms would add up to.
    """

    def __init__(self, model: nn.Module):
        self.sizes = {}
        for name, norm in model.named_modules():
            if isinstance(norm, nn.BatchNorm2d):
                norm.register_forward_hook(lambda _, inputs, y, name=name: self._watch(name, y))

    def _watch(self, name, y):
        def see(upstream):
            self.sizes[name] = float(upstream.square().sum((0, 2, 3)).sqrt().max())

        y.register_hook(see)

    def mark(self, key: str, found: torch.Tensor):
        size = self.sizes.get(key.rpartition('.')[0], 0.0)
        return few(found) if float(found.abs().max()) > 0.01 * size else Cancelling(found, float(f'{size:.3g}'))


def few(value):
    """The norm and 64 elements of what has more: deep networks have many tensors."""
    return sampled(value, 64, 64)


def full_case(name, size, train, dtype, seed):
    """Every stage map, every gradient, and the running statistics after a training pass."""
    model = create(name)
    state = fills(model, seed)
    load(model, state, dtype).train(train)
    x = Fill((2, 3, size, size), 1.0, seed + 50000)
    terms = NormTerms2d(model)
    value = x.tensor(dtype, True)
    maps = model(value)
    dy = Fill(tuple(maps[-1].shape), 1.0, seed + 50001)
    found = gradients(maps[-1], dy.tensor(dtype), {'x': value, **dict(model.named_parameters())})
    case = {
        'name': f'{name} {size}x{size} ' + ('training' if train else 'evaluation'),
        'model': name, 'mode': 'training' if train else 'evaluation',
        'state': state, 'x': x, 'features': [few(m) for m in maps],
        'dy': dy, 'dx': few(found.pop('x')), 'gradients': {key: terms.mark(key, g) for key, g in found.items()},
    }
    if train:
        case['running'] = {key: few(t) for key, t in model.state_dict().items() if 'running' in key}
    return case


def short_case(name, size, dtype, seed, train=False):
    """The stage maps alone."""
    model = create(name)
    state = fills(model, seed)
    load(model, state, dtype).train(train)
    x = Fill((2, 3, size, size), 1.0, seed + 50000)
    with torch.no_grad():
        maps = model(x.tensor(dtype))
    return {
        'name': f'{name} {size}x{size} ' + ('training' if train else 'evaluation') + ', maps',
        'model': name, 'mode': 'training' if train else 'evaluation',
        'state': state, 'x': x, 'features': [few(m) for m in maps],
    }
