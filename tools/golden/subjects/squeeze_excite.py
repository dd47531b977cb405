"""timm's SqueezeExcite as LCNet uses it, with its gradients."""

from functools import partial

from timm.models._efficientnet_blocks import SqueezeExcite
from torch import nn

from golden import Fill, gradients

ABOUT = (
    "timm's SqueezeExcite as LCNet uses it: x * hardsigmoid(conv_expand(relu(conv_reduce(mean of x over height and "
    'width)))). Both convolutions are 1x1 with a bias, with round(C / 4) channels between them. "state" has timm\'s keys; '
    '"gradients" has the gradients of sum(y * dy), one per parameter.'
)


def cases(dtype):
    layer = partial(SqueezeExcite, gate_layer='hard_sigmoid', force_act_layer=nn.ReLU, rd_ratio=0.25)
    made = []
    for index, shape in enumerate([(2, 16, 5, 7), (3, 8, 1, 1), (2, 36, 4, 4)]):
        seed, c = 5000 + 20 * index, shape[1]
        module = layer(c).to(dtype)
        reduced = module.conv_reduce.out_channels
        state = {
            # The pool reduces the variance of its input. These weights are large enough to reach the flat parts of the gate.
            'conv_reduce.weight': Fill((reduced, c, 1, 1), 3.0, seed),
            'conv_reduce.bias': Fill((reduced,), 0.5, seed + 1, 0.3),
            'conv_expand.weight': Fill((c, reduced, 1, 1), 3.0, seed + 2),
            'conv_expand.bias': Fill((c,), 1.0, seed + 3),
        }
        module.load_state_dict({key: fill.tensor(dtype) for key, fill in state.items()})
        x, dy = Fill(shape, 1.0, seed + 4, 0.2), Fill(shape, 1.0, seed + 5)
        value = x.tensor(dtype, True)
        y = module(value)
        found = gradients(y, dy.tensor(dtype), {'x': value, **dict(module.named_parameters())})
        made.append({
            'name': f'{c} channels, {shape[2]}x{shape[3]}',
            'options': {'channels': c, 'reducedChannels': reduced},
            'state': state, 'x': x, 'y': y, 'dy': dy, 'dx': found.pop('x'), 'gradients': found,
        })
    return made
