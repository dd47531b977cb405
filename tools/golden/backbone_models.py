"""Feature-only backbones from timm and insightface's arcface_torch, and the shared code of their golden cases."""

import importlib.util
import math
import os
import types
from pathlib import Path

import timm
import torch
from timm.layers import Attention
from torch import nn

from golden import Canceling, Fill, gradients, sample
from lcnet_models import CornerWatch, load, weight_fills

TIMM = [
    'lcnet_035', 'lcnet_050', 'lcnet_075', 'lcnet_100', 'lcnet_150',
    'mobilenetv3_small_050', 'mobilenetv3_small_075', 'mobilenetv3_small_100',
    'mobilenetv3_large_075', 'mobilenetv3_large_100',
    'resnet18', 'resnet34', 'resnet50',
    'efficientnet_b0', 'efficientnet_b1', 'efficientnet_b2', 'efficientnet_lite0',
    'tf_efficientnet_b0', 'tf_efficientnet_b1', 'tf_efficientnet_b2',
    'tf_efficientnet_lite0', 'tf_efficientnet_lite1', 'tf_efficientnet_lite2',
    'mobilenetv4_conv_small_035', 'mobilenetv4_conv_small_050', 'mobilenetv4_conv_small', 'mobilenetv4_conv_medium',
]
IRESNETS = ['iresnet18', 'iresnet34', 'iresnet50', 'iresnet100', 'iresnet200']
MOBILE_FACE_NETS = {'mobilefacenet': 'get_mbf', 'mobilefacenet_large': 'get_mbf_large'}
VITS = ['vit_tiny_patch16_224', 'vit_small_patch16_224']
NAMES = [*TIMM, *IRESNETS, *MOBILE_FACE_NETS, *VITS]

ABOUT_CASES = (
    'The weights are "state" (the published keys; num_batches_tracked starts at 0). "features" are the stage maps '
    '[N,C,H,W]. If present, "dx" and "gradients" are the gradients of sum(last map * dy), and "running" the running '
    'statistics after one training pass. Every activation input is at least cornerDistance from the points where its '
    'derivative jumps, and so are the two largest values of a pool from each other. Tensors of more than 64 elements are '
    'stored as their norm and at most 64 elements.'
)


def published(name: str) -> nn.Module:
    """Creates the whole published model with random weights."""
    if name in IRESNETS:
        return getattr(insightface('iresnet'), name)()
    if name in MOBILE_FACE_NETS:
        return getattr(insightface('mobilefacenet'), MOBILE_FACE_NETS[name])(fp16=False, num_features=512)
    return timm.create_model(name, pretrained=False)


def create(name: str, size: int = 224) -> nn.Module:
    """Creates a model of all stage maps with random weights. Only vision transformers depend on the image size."""
    if name in VITS:
        features = timm.create_model(name, pretrained=False, features_only=True, img_size=size)
        # The inner transformer has the keys of the whole model.
        features.model.feature_info = features.feature_info
        features.model.forward = features.forward
        return features.model
    if name in IRESNETS:
        return without(published(name), ('dropout', 'fc', 'features'), iresnet_maps)
    if name in MOBILE_FACE_NETS:
        return without(published(name), ('features',), mobile_face_net_maps)
    return timm.create_model(name, pretrained=False, features_only=True)


def insightface(module: str):
    """Loads a module of arcface_torch's backbones from a clone of github.com/deepinsight/insightface."""
    clone = os.environ.get('INSIGHTFACE')
    if not clone:
        raise SystemExit('Set INSIGHTFACE to a clone of https://github.com/deepinsight/insightface (see README.md).')
    path = Path(clone) / 'recognition' / 'arcface_torch' / 'backbones' / f'{module}.py'
    spec = importlib.util.spec_from_file_location(f'arcface_{module}', path)
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


def without(model: nn.Module, head: tuple, maps) -> nn.Module:
    """Removes the modules of the head and makes the model return its maps."""
    for name in head:
        delattr(model, name)
    model.forward = types.MethodType(maps, model)
    return model


def iresnet_maps(self, x):
    maps = [self.prelu(self.bn1(self.conv1(x)))]
    for layer in (self.layer1, self.layer2, self.layer3, self.layer4):
        maps.append(layer(maps[-1]))
    return [*maps[:-1], self.bn2(maps[-1])]


def mobile_face_net_maps(self, x):
    maps = []
    for index, layer in enumerate(self.layers):
        x = layer(x)
        if index % 2 == 1:
            maps.append(x)
    return [*maps[:-1], self.conv_sep(x)]


def info(model: nn.Module) -> dict:
    """Returns the channels and reductions of the stage maps."""
    if hasattr(model, 'feature_info'):
        return {'channels': model.feature_info.channels(), 'reductions': model.feature_info.reduction()}
    with torch.no_grad():
        maps = model.eval()(torch.zeros(1, 3, 64, 64))
    return {'channels': [m.shape[1] for m in maps], 'reductions': [64 // m.shape[2] for m in maps]}


def default_size(name: str) -> int:
    """Returns the image size for which the published weights were trained."""
    return timm.get_pretrained_cfg(name).input_size[-1] if name in [*TIMM, *VITS] else 112


def multiply_adds(model: nn.Module, size: int) -> int:
    """Counts the multiply-accumulates of convolutions, linear layers and attentions for one image, as fvcore does."""
    total = 0

    def see(module, inputs, y):
        nonlocal total
        if isinstance(module, nn.Conv2d):
            total += y.numel() * module.weight[0].numel()
        elif isinstance(module, Attention):
            # The products of queries with keys and of probabilities with values.
            total += 2 * y.numel() * y.shape[1]
        else:
            total += y.numel() * module.in_features

    hooks = [m.register_forward_hook(see) for m in model.modules() if isinstance(m, (nn.Conv2d, nn.Linear, Attention))]
    with torch.no_grad():
        model.eval()(torch.zeros(1, 3, size, size))
    for hook in hooks:
        hook.remove()
    return total


def fills(model: nn.Module, seed: int) -> dict:
    """Returns weights as for lcnet. The last norm of each residual branch is small, so that values stay moderate."""
    found = weight_fills(model, seed)
    for name, module in model.named_modules():
        key = f'{name}.weight'
        if isinstance(module, nn.PReLU):
            found[key] = Fill(found[key].shape, 0.2, found[key].seed, 0.25)
        elif isinstance(module, nn.Linear):
            found[key] = Fill(found[key].shape, (3.0 / module.in_features) ** 0.5, found[key].seed)
        elif isinstance(module, nn.BatchNorm2d) and name.endswith(ENDS_OF_BRANCHES):
            found[key] = Fill(found[key].shape, 0.2, found[key].seed, 0.4)
    return found


# The last norms of the blocks of inverted residuals, IResNet and ResNet.
ENDS_OF_BRANCHES = ('.bn3', '.pw_proj.bn', '.layers.2.layers.1')


class NormTerms2d:
    """Records the size of the terms in the gradients of a network's batch norms.

    If the output of a norm goes through a convolution into another norm, the gradient of its shift is zero: terms of
    ordinary size cancel. Their size is estimated as the root of the sum of squares, as for independent terms.
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
        return sample_few(found) if float(found.abs().max()) > 0.01 * size else Canceling(found, float(f'{size:.3g}'))


# Chosen by `python tools/golden/backbone_seeds.py` to be far from every corner of the activations and pools.
INPUT_SEEDS = {
    'mobilenetv4_conv_small_035 64x64 evaluation': 3,
    'mobilenetv4_conv_small_035 64x64 training': 3,
    'mobilenetv3_small_050 64x64 evaluation': 6,
    'mobilenetv3_small_050 64x64 training': 3,
    'resnet18 32x32 evaluation': 11,
    'resnet18 48x48 training': 15,
    'iresnet18 32x32 evaluation': 16,
    'iresnet18 32x32 training': 18,
    'mobilefacenet 48x48 evaluation': 4,
    'mobilefacenet 48x48 training': 20,
    'tf_efficientnet_lite0 32x32 evaluation': 7,
}
LEAST_CORNER_DISTANCE = 5e-6


def input_fill(size, seed, chosen):
    return Fill((2, 3, size, size), 1.0, seed + 60000 + chosen)


def sample_few(value):
    """Stores at most 64 elements, because deep networks have many tensors."""
    return sample(value, 64, 64)


def full_case(name, size, train, dtype, seed):
    """Returns a case with every stage map, every gradient and, in training, the running statistics after the pass."""
    model = create(name, size)
    state = fills(model, seed)
    load(model, state, dtype).train(train)
    title = f'{name} {size}x{size} ' + ('training' if train else 'evaluation')
    x = input_fill(size, seed, INPUT_SEEDS.get(title, 0))
    watch = CornerWatch(model)
    terms = NormTerms2d(model)
    value = x.tensor(dtype, True)
    maps = model(value)
    if watch.distance < LEAST_CORNER_DISTANCE:
        raise AssertionError(f'{title}: an activation input lies {watch.distance:g} from a corner; choose another seed')
    dy = Fill(tuple(maps[-1].shape), 1.0, seed + 50001)
    found = gradients(maps[-1], dy.tensor(dtype), {'x': value, **dict(model.named_parameters())})
    case = {
        'name': title, 'model': name, 'mode': 'training' if train else 'evaluation',
        # None if no derivative jumps.
        'cornerDistance': float(f'{watch.distance:.2g}') if math.isfinite(watch.distance) else None,
        'state': state, 'x': x, 'features': [sample_few(m) for m in maps],
        'dy': dy, 'dx': sample_few(found.pop('x')), 'gradients': {key: terms.mark(key, g) for key, g in found.items()},
    }
    if train:
        case['running'] = {key: sample_few(t) for key, t in model.state_dict().items() if 'running' in key}
    return case


def short_case(name, size, dtype, seed, train=False):
    """Returns a case with the stage maps only."""
    model = create(name, size)
    state = fills(model, seed)
    load(model, state, dtype).train(train)
    x = input_fill(size, seed, 0)
    with torch.no_grad():
        maps = model(x.tensor(dtype))
    return {
        'name': f'{name} {size}x{size} ' + ('training' if train else 'evaluation') + ', maps',
        'model': name, 'mode': 'training' if train else 'evaluation',
        'state': state, 'x': x, 'features': [sample_few(m) for m in maps],
    }
