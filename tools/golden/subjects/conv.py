"""torch.nn.functional.conv2d with its gradients."""

import torch.nn.functional as F

from golden import Fill, gradients

ABOUT = (
    'torch.nn.functional.conv2d, zero padding. x [N,C,H,W], weight [O,C,kh,kw], bias [O] or null. dy is the upstream '
    'gradient; dx, dWeight and dBias are the gradients of sum(y * dy).'
)

# name, batch, input channels, output channels, height, width, kernel, stride, padding, bias
SPECS = [
    ('3x3 stride 2 pad 1, odd size', 2, 3, 8, 9, 9, 3, 2, 1, False),
    ('3x3 stride 2 pad 1, odd size, bias', 2, 3, 8, 9, 9, 3, 2, 1, True),
    ('3x3 stride 2 pad 1, even size', 2, 3, 8, 8, 10, 3, 2, 1, False),
    ('3x3 stride 1 pad 1', 2, 4, 6, 7, 5, 3, 1, 1, False),
    ('3x3 stride 1 pad 1, bias', 2, 4, 6, 7, 5, 3, 1, 1, True),
    ('3x3 stride 1 no padding', 1, 4, 6, 7, 5, 3, 1, 0, True),
    ('1x1', 3, 5, 7, 4, 6, 1, 1, 0, False),
    ('1x1, bias', 3, 5, 7, 4, 6, 1, 1, 0, True),
    ('1x1 stride 2', 2, 5, 7, 5, 5, 1, 2, 0, False),
    ('1x1 on a 1x1 map', 4, 5, 7, 1, 1, 1, 1, 0, True),
    ('5x5 stride 1 pad 2', 1, 3, 4, 7, 8, 5, 1, 2, False),
    ('5x5 stride 2 pad 2, bias', 1, 3, 4, 9, 7, 5, 2, 2, True),
]


def cases(dtype):
    made = []
    for index, (name, n, c, o, h, w, k, stride, padding, bias) in enumerate(SPECS):
        seed = 100 + 10 * index
        x = Fill((n, c, h, w), 1.0, seed)
        weight = Fill((o, c, k, k), (3.0 / (c * k * k)) ** 0.5, seed + 1)
        b = Fill((o,), 0.5, seed + 2)
        leaves = {'dx': x.tensor(dtype, True), 'dWeight': weight.tensor(dtype, True)}
        if bias:
            leaves['dBias'] = b.tensor(dtype, True)
        y = F.conv2d(leaves['dx'], leaves['dWeight'], leaves.get('dBias'), stride, padding)
        dy = Fill(tuple(y.shape), 1.0, seed + 3)
        made.append({
            'name': name,
            'options': {'kernel': k, 'stride': stride, 'padding': padding},
            'x': x,
            'weight': weight,
            'bias': b if bias else None,
            'y': y,
            'dy': dy,
            **gradients(y, dy.tensor(dtype), leaves),
        })
    return made
