"""Elementwise activations, global average pool and flatten, with their gradients."""

import torch
import torch.nn.functional as F
from timm.layers.activations import quick_gelu

from golden import Fill, gradients, to_float32

ABOUT = (
    'torch hardswish, hardsigmoid, relu, prelu, relu6, silu, sigmoid, gelu, timm quick_gelu, max_pool2d ("options"), '
    'global average pool (mean over height and width, [N,C,H,W] to [N,C]) and flatten ([N,C,H,W] to [N,C*H*W], channels '
    'slowest). dx and dWeight are the gradients of sum(y * dy). In the cases named "... at its corners", x has points '
    'where the derivative jumps. The side that PyTorch takes there depends on the processor. Each element of dx must '
    'therefore lie between dxFromLeft and dxFromRight.'
)


def cases(dtype):
    made = []

    def add(name, function, x, **parameters):
        leaves = {'dx': x.tensor(dtype, True)}
        if 'weight' in parameters:
            leaves['dWeight'] = parameters['weight'].tensor(dtype, True)
        y = function(*leaves.values())
        dy = Fill(tuple(y.shape), 1.0, 3500 + len(made))
        made.append({'name': name, 'x': x, **parameters, 'y': y, 'dy': dy, **gradients(y, dy.tensor(dtype), leaves)})

    def add_corners(name, function, x):
        y = function(x.to(dtype))
        dy = Fill(tuple(y.shape), 1.0, 3500 + len(made))
        case = {'name': f'{name} at its corners', 'x': x, 'y': y, 'dy': dy}
        for side, step in (('dxFromLeft', -1e-9), ('dxFromRight', 1e-9)):
            beside = (x.double() + step).requires_grad_()
            case.update(gradients(function(beside), dy.tensor(torch.float64), {side: beside}))
        made.append(case)

    image = (2, 5, 6, 7)
    corners = to_float32([-6.0, -3.0, -1.5, -0.0, 0.0, 1.5, 3.0, 6.0])
    add('hard_swish', F.hardswish, Fill(image, 5.0, 3000))
    add_corners('hard_swish', F.hardswish, corners)
    add('hard_sigmoid', F.hardsigmoid, Fill(image, 5.0, 3001))
    add_corners('hard_sigmoid', F.hardsigmoid, corners)
    add('relu', F.relu, Fill(image, 2.0, 3002))
    add_corners('relu', F.relu, to_float32([-1.0, -0.0, 0.0, 1.0]))
    add('prelu, a weight a channel', F.prelu, Fill(image, 2.0, 3003), weight=Fill((5,), 0.2, 3004, 0.25))
    add('prelu, one weight', F.prelu, Fill(image, 2.0, 3005), weight=Fill((1,), 0.0, 3006, 0.25))
    add('prelu, [B,C]', F.prelu, Fill((4, 6), 2.0, 3007), weight=Fill((6,), 0.2, 3008, 0.25))
    add('global average pool', lambda x: x.mean((2, 3)), Fill(image, 1.0, 3009))
    add('global average pool of a 1x1 map', lambda x: x.mean((2, 3)), Fill((3, 4, 1, 1), 1.0, 3010))
    add('flatten', lambda x: torch.flatten(x, 1), Fill((2, 3, 4, 5), 1.0, 3011))
    add('relu6', F.relu6, Fill(image, 8.0, 3012))
    add_corners('relu6', F.relu6, to_float32([-1.0, -0.0, 0.0, 3.0, 6.0, 7.0]))
    add('silu', F.silu, Fill(image, 8.0, 3013))
    add('sigmoid', torch.sigmoid, Fill(image, 8.0, 3014))
    for seed, (k, stride, padding) in enumerate([(3, 2, 1), (2, 2, 0), (3, 1, 1)]):
        pool = {'kernelSize': k, 'stride': stride, 'padding': padding}
        x = Fill((2, 5, 9, 8), 1.0, 3015 + seed)
        add('max pool {kernelSize}x{kernelSize} stride {stride}'.format(**pool), lambda x: F.max_pool2d(x, k, stride, padding), x)
        made[-1]['options'] = pool
    add('gelu', F.gelu, Fill(image, 5.0, 3018))
    add('quick_gelu', quick_gelu, Fill(image, 5.0, 3019))
    return made
