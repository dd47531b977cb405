"""Writes the small PyTorch checkpoints for the tests of packages/pretrained, and their tensors as safetensors.

python tools/golden/checkpoint_files.py
"""

import argparse
import pickle
from collections import Counter, OrderedDict
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


class OldPickler(pickle.Pickler):
    """Writes an OrderedDict as Python 2 and Python 3 before 3.5 do: with its items as a list of lists."""

    def reducer_override(self, value):
        return (OrderedDict, ([list(item) for item in value.items()],)) if isinstance(value, OrderedDict) else NotImplemented


class old_pickle:  # noqa: N801, stands for the module pickle
    Pickler = OldPickler
    dump, dumps = pickle.dump, pickle.dumps


def objects() -> dict:
    """Objects besides tensors that torch.load(weights_only=True) allows."""
    parameter = torch.nn.Parameter(torch.arange(3.0))
    parameter.note = 'attribute'
    return {
        'set': {1, 2}, 'frozen': frozenset([3]), 'bytes': b'a\xff', 'bytearray': bytearray(b'b'), 'complex': 1j,
        'counter': Counter('aab'), 'device': torch.device('cuda', 1), 'dtype': torch.float16, 'layout': torch.strided,
        'size': torch.Size([2, 3]), 'state_dict': {'parameter': parameter, 'expanded': torch.arange(3.0)[:, None].expand(3, 5)},
    }


def unread() -> dict:
    """Tensors of dtypes and kinds that are not read, and one that is."""
    return {
        'complex': torch.ones(2, dtype=torch.complex64), 'uint16': torch.ones(3, dtype=torch.uint16),
        'float8': torch.ones(2).to(torch.float8_e4m3fn), 'sparse': torch.eye(3).to_sparse(),
        'quantized': torch.quantize_per_tensor(torch.ones(5), 0.1, 0, torch.qint8),
        'meta': torch.empty(2, device='meta'), 'weight': torch.arange(4.0),
    }


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
    torch.save({'x': torch.ones(1).expand(5000, 5000)}, FOLDER / 'expanded.pth')
    torch.save({'x': torch.ones(2, dtype=torch.complex64)}, FOLDER / 'complex.pth')
    torch.jit.save(torch.jit.script(model()), str(FOLDER / 'script.pt'))

    # Python 2's OrderedDict, other objects, and tensors that are skipped.
    old = {'state_dict': OrderedDict(state), 'size': torch.Size([2, 3])}
    torch.save(old, FOLDER / 'python2.pth', pickle_module=old_pickle, _use_new_zipfile_serialization=False)
    torch.save(objects(), FOLDER / 'objects.pth')
    for name, new in [('unread', True), ('unread-legacy', False)]:
        torch.save(unread(), FOLDER / f'{name}.pth', _use_new_zipfile_serialization=new)
    torch.save(state, FOLDER / 'legacy4.pth', pickle_protocol=4, _use_new_zipfile_serialization=False)


if __name__ == '__main__':
    main()
