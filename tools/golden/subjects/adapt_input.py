"""timm's adaptation of a first convolution to another number of input channels."""

import torch
from timm.models._manipulate import adapt_input_conv

from golden import Fill

ABOUT = 'timm.models._manipulate.adapt_input_conv: "adapted" is "kernel" (OIHW, 3 channels) adapted to inChannels.'


def cases(dtype):
    kernel = Fill((8, 3, 3, 3), 1.0, 5100)
    return [
        {
            'name': f'{channels} channels', 'inChannels': channels, 'kernel': kernel,
            'adapted': adapt_input_conv(channels, kernel.tensor(torch.float32)),
        }
        for channels in (1, 2, 3, 4, 7)
    ]
