"""Depthwise torch.nn.functional.conv2d (groups = channels) with its gradients."""

import torch.nn.functional as F

from golden import Fill, gradients

ABOUT = (
    'torch.nn.functional.conv2d with groups = channels, padding kernel // 2. x [N,C,H,W], weight [C,1,k,k], bias '
    '[C] or null; dx, dWeight and dBias are the gradients of sum(y * dy).'
)

SIZES = {5: (7, 9), 8: (6, 5), 13: (9, 4)}


def cases(dtype):
    made = []
    specs = [(k, s, c, False) for k in (3, 5) for s in (1, 2) for c in SIZES] + [(3, 2, 5, True), (5, 1, 8, True)]
    for index, (k, stride, c, bias) in enumerate(specs):
        h, w = SIZES[c]
        seed = 1000 + 10 * index
        x = Fill((2, c, h, w), 1.0, seed)
        weight = Fill((c, 1, k, k), 3.0**0.5 / k, seed + 1)
        b = Fill((c,), 0.5, seed + 2)
        leaves = {'dx': x.tensor(dtype, True), 'dWeight': weight.tensor(dtype, True)}
        if bias:
            leaves['dBias'] = b.tensor(dtype, True)
        y = F.conv2d(leaves['dx'], leaves['dWeight'], leaves.get('dBias'), stride, k // 2, groups=c)
        dy = Fill(tuple(y.shape), 1.0, seed + 3)
        made.append({
            'name': f'{k}x{k} stride {stride}, {c} channels, {h}x{w}' + (', bias' if bias else ''),
            'options': {'kernel': k, 'stride': stride, 'padding': k // 2},
            'x': x,
            'weight': weight,
            'bias': b if bias else None,
            'y': y,
            'dy': dy,
            **gradients(y, dy.tensor(dtype), leaves),
        })
    return made
