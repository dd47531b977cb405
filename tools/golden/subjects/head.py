"""The embedding head: neck, then Linear, norms, Linear, norms."""

import torch
from torch import nn

from golden import Canceling, Fill, NormTerms, gradients, sample

ABOUT = (
    'The embedding head: a neck ("squeeze": 1x1 convolution without bias to a quarter of the channels, then flatten; '
    '"flatten"; "gap": mean over height and width), then Linear without bias, norms, Linear without bias, norms. '
    'The norms are LayerNorm, BatchNorm1d, or LayerNorm then BatchNorm1d. flatten has channels slowest. Keys of "state", '
    '"gradients" and "running" (running statistics after the pass): squeeze, linear1, layernorm1, batchnorm1, '
    'linear2, layernorm2, batchnorm2. Gradients are of sum(y * dy); tensors of more than 2,048 elements are sampled. '
    'A gradient with "scale" is the small remainder of canceling terms of that size: in a norm before a batch norm, the '
    'gradient of the shift is zero and that of the scale nearly zero.'
)


class Head(nn.Module):
    def __init__(self, neck, norm, channels, height, width, embedding):
        super().__init__()
        squeezed = channels // 4
        self.squeeze = nn.Conv2d(channels, squeezed, 1, bias=False) if neck == 'squeeze' else None
        features = {'squeeze': squeezed * height * width, 'flatten': channels * height * width, 'gap': channels}
        self.neck = neck
        self.linear1 = nn.Linear(features[neck], embedding, bias=False)
        self.linear2 = nn.Linear(embedding, embedding, bias=False)
        self.layernorm1, self.layernorm2 = (nn.LayerNorm(embedding) if 'layernorm' in norm else None for _ in range(2))
        self.batchnorm1, self.batchnorm2 = (nn.BatchNorm1d(embedding) if 'batchnorm' in norm else None for _ in range(2))

    def forward(self, x):
        if self.squeeze is not None:
            x = self.squeeze(x)
        x = x.mean((2, 3)) if self.neck == 'gap' else torch.flatten(x, 1)
        for linear, *norms in (
            (self.linear1, self.layernorm1, self.batchnorm1),
            (self.linear2, self.layernorm2, self.batchnorm2),
        ):
            x = linear(x)
            for norm in norms:
                x = x if norm is None else norm(x)
        return x


def fills(module, seed):
    """Returns a fill for every parameter and running statistic, seeded in the order of the state dict."""
    made = {}
    for index, (key, value) in enumerate(module.state_dict().items()):
        shape = tuple(value.shape)
        if key.endswith('num_batches_tracked'):
            continue
        if key.endswith('running_var'):
            made[key] = Fill(shape, 0.5, seed + index, 1.0)
        elif key.endswith('running_mean'):
            made[key] = Fill(shape, 0.3, seed + index)
        elif value.dim() == 1:
            made[key] = Fill(shape, 0.4, seed + index, 1.0) if key.endswith('weight') else Fill(shape, 0.3, seed + index)
        else:
            made[key] = Fill(shape, (3.0 / (value.numel() // shape[0])) ** 0.5, seed + index)
    return made


def case(neck, norm, batch, channels, height, width, embedding, train, seed, dtype):
    module = Head(neck, norm, channels, height, width, embedding).to(dtype)
    state = fills(module, seed)
    module.load_state_dict({key: fill.tensor(dtype) for key, fill in state.items()}, strict=False)
    module.train(train)
    x, dy = Fill((batch, channels, height, width), 1.0, seed + 40, 0.2), Fill((batch, embedding), 1.0, seed + 41)
    terms = NormTerms(module)
    value = x.tensor(dtype, True)
    y = module(value)
    found = gradients(y, dy.tensor(dtype), {'x': value, **dict(module.named_parameters())})
    found = terms.mark(found)
    running = {key: tensor for key, tensor in module.state_dict().items() if 'running' in key}
    return {
        'name': f'{neck}, {norm}, {channels}x{height}x{width} to {embedding}, ' + ('training' if train else 'evaluation'),
        'options': {
            'neck': neck, 'norm': norm, 'channels': channels, 'height': height, 'width': width, 'embeddingSize': embedding,
            'training': train,
        },
        'state': state,
        'x': x,
        'y': y,
        'dy': dy,
        'dx': sample(found.pop('x')),
        'gradients': {key: g if isinstance(g, Canceling) else sample(g) for key, g in found.items()},
        'running': running,
    }


def cases(dtype):
    made = [
        case('squeeze', 'layernorm-batchnorm', 8, 256, 4, 4, 256, train, 6000, dtype) for train in (True, False)
    ]
    for neck in ('squeeze', 'flatten', 'gap'):
        for norm in ('layernorm-batchnorm', 'layernorm', 'batchnorm'):
            for train in (True, False):
                if norm == 'layernorm' and not train:
                    continue
                made.append(case(neck, norm, 6, 16, 3, 3, 12, train, 6100 + 100 * len(made), dtype))
    return made
