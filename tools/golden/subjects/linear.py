"""torch.nn.functional.linear with its gradients."""

import torch.nn.functional as F

from golden import Fill, gradients

ABOUT = (
    'torch.nn.functional.linear: y = x weight^T + bias. x [B,in], weight [out,in], bias [out] or null; dx, dWeight '
    'and dBias are the gradients of sum(y * dy).'
)

# batch, in, out
SIZES = [(4, 7, 5), (6, 33, 17), (1, 7, 5)]


def cases(dtype):
    made = []
    for index, (batch, inputs, outputs) in enumerate(SIZES):
        for bias in (False, True):
            seed = 2000 + 20 * index + 10 * bias
            x = Fill((batch, inputs), 1.0, seed)
            weight = Fill((outputs, inputs), (3.0 / inputs) ** 0.5, seed + 1)
            b = Fill((outputs,), 0.5, seed + 2)
            leaves = {'dx': x.tensor(dtype, True), 'dWeight': weight.tensor(dtype, True)}
            if bias:
                leaves['dBias'] = b.tensor(dtype, True)
            y = F.linear(leaves['dx'], leaves['dWeight'], leaves.get('dBias'))
            dy = Fill(tuple(y.shape), 1.0, seed + 3)
            made.append({
                'name': f'{inputs} to {outputs}, batch {batch}' + (', bias' if bias else ''),
                'x': x,
                'weight': weight,
                'bias': b if bias else None,
                'y': y,
                'dy': dy,
                **gradients(y, dy.tensor(dtype), leaves),
            })
    return made
