"""Writes the small PyTorch checkpoints for the tests of packages/pretrained, and their tensors as safetensors.

python tools/golden/checkpoint_files.py
"""

import argparse
from collections import OrderedDict
from pathlib import Path

import torch
from safetensors.torch import save_file

from dtype_tensors import DTYPE_TENSORS, FLOAT

FOLDER = Path(__file__).parents[2] / 'packages/pretrained/test/files'

dtypes = OrderedDict({
    'float': FLOAT,
    **DTYPE_TENSORS,
    'größe': torch.ones(1),
})

# Several views of one storage with offsets and strides, and one tensor with its own storage.
table = torch.arange(24, dtype=torch.float32)
windows = {
    'all': table,
    'second half': table[12:],
    'transposed': table.reshape(4, 6).t(),
    'every other': table[::2],
    'channels last': table.reshape(1, 2, 3, 4).permute(0, 3, 1, 2),
    'column': table.reshape(4, 6)[:, 1:2],
    'parameter': torch.nn.Parameter(torch.arange(3.0)),
}


def model() -> torch.nn.Module:
    torch.manual_seed(1)
    return torch.nn.Sequential(torch.nn.Conv2d(3, 2, 3, bias=False), torch.nn.BatchNorm2d(2))


def expect(name: str, tensors: dict) -> None:
    """Writes the tensors that reading a checkpoint must return."""
    save_file({key: tensor.detach().clone().contiguous() for key, tensor in tensors.items()}, FOLDER / f'{name}.safetensors')


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    torch.save(dtypes, FOLDER / 'dtypes.pth')
    expect('dtypes', dtypes)
    torch.save(windows, FOLDER / 'windows.pth')
    expect('windows', windows)

    state = model().state_dict()
    optimizer = {'state': {0: {'step': 3}}, 'param_groups': [{'lr': 0.1, 'betas': (0.9, 0.999), 'params': [0], 'name': None}]}
    checkpoint = {
        'epoch': 7, 'arch': 'tiny', 'best': 81.25, 'big': 2**70, 'optimizer': optimizer,
        'state_dict': OrderedDict((f'module.{key}', value) for key, value in state.items()),
    }
    torch.save(checkpoint, FOLDER / 'training.pth')
    expect('training', state)
    torch.save(state, FOLDER / 'protocol4.pth', pickle_protocol=4)

    # Files that the reader refuses: other objects in the pickle, the legacy format, and unsupported tensors.
    torch.save({'state_dict': state, 'args': argparse.Namespace(lr=0.1)}, FOLDER / 'namespace.pth')
    torch.save(model(), FOLDER / 'whole-model.pth')
    torch.save(state, FOLDER / 'legacy.pth', _use_new_zipfile_serialization=False)
    torch.save({'x': torch.ones(1).expand(1000, 1000)}, FOLDER / 'expanded.pth')
    torch.save({'x': torch.ones(2, dtype=torch.complex64)}, FOLDER / 'complex.pth')


if __name__ == '__main__':
    main()
