"""torch.nn.functional.conv2d with groups of several channels, and its gradients."""

import torch.nn.functional as F

from golden import Fill, gradients

ABOUT = (
    'torch.nn.functional.conv2d with groups, without bias. x [N,C,H,W], weight [outChannels, C / groups, k, k]; dx and '
    'dWeight are the gradients of sum(y * dy).'
)


def cases(dtype):
    made = []
    for index, (c, out, groups, k, stride) in enumerate([(8, 8, 4, 3, 1), (6, 9, 3, 3, 2), (6, 2, 2, 1, 1), (4, 4, 4, 5, 1)]):
        seed = 1500 + 10 * index
        x = Fill((2, c, 7, 6), 1.0, seed)
        weight = Fill((out, c // groups, k, k), 3.0**0.5 / k, seed + 1)
        leaves = {'dx': x.tensor(dtype, True), 'dWeight': weight.tensor(dtype, True)}
        y = F.conv2d(leaves['dx'], leaves['dWeight'], None, stride, k // 2, groups=groups)
        dy = Fill(tuple(y.shape), 1.0, seed + 2)
        made.append({
            'name': f'{k}x{k} stride {stride}, {c} to {out} channels, {groups} groups',
            'options': {'stride': stride, 'padding': k // 2},
            'x': x, 'weight': weight, 'bias': None, 'y': y, 'dy': dy, **gradients(y, dy.tensor(dtype), leaves),
        })
    return made
