"""Checks that weights go from timm to unitsphere and back unchanged, and that a model that we train evaluates in timm.

python tools/golden/round_trip.py [MODEL ...]        (after npm run build; default: one of each family)

For every model, timm's whole model with random weights and statistics is saved as safetensors and as a PyTorch checkpoint.
round-trip.mjs loads each with loadPretrained and saves it with saveTimm. The file must open in timm's features_only model
(load_state_dict, strict), and every tensor must be bit-identical. Then round-trip.mjs trains ten steps and saves. Its maps
must equal timm's with that file, within 1e-4 of their largest value.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import timm
import torch
from safetensors.torch import load_file, save_file

sys.path.insert(0, str(Path(__file__).parent))
from backbone_models import TIMM, VITS, create

SCRIPT = Path(__file__).with_name('round-trip.mjs')
DEFAULT = ['lcnet_050', 'mobilenetv3_small_050', 'mobilenetv4_conv_small', 'efficientnet_lite0', 'resnet18', 'vit_tiny_patch16_224']
SIZE = 64
TOLERANCE = 1e-4


def whole_model(name: str) -> torch.nn.Module:
    """Creates timm's published model with a classifier and nontrivial running statistics."""
    torch.manual_seed(7)
    sized = {'img_size': SIZE} if name in VITS else {}
    model = timm.create_model(name, pretrained=False, num_classes=10, **sized)
    for module in model.modules():
        if isinstance(module, torch.nn.modules.batchnorm._BatchNorm):
            module.running_mean.normal_(0, 0.1)
            module.running_var.uniform_(0.5, 1.5)
            module.num_batches_tracked.fill_(123)
    return model


def node(*arguments: object) -> None:
    subprocess.run(['node', SCRIPT, *map(str, arguments)], check=True)


def check_identical(name: str, saved: Path, whole: dict) -> int:
    """Returns the number of tensors in the saved file. Raises AssertionError if one has changed."""
    state = load_file(saved)
    create(name, SIZE).load_state_dict(state, strict=True)
    for key, tensor in state.items():
        if tensor.dtype != whole[key].dtype or not torch.equal(tensor, whole[key]):
            raise AssertionError(f'{name}: {key} changed in the round trip')
    return len(state)


def check_trained(name: str, folder: Path) -> float:
    """Trains with our packages and returns the largest difference to timm's maps, relative to their largest value."""
    node('train', name, SIZE, folder / 'timm.safetensors', folder / 'trained.safetensors', folder / 'maps.safetensors')
    before, after = load_file(folder / 'timm.safetensors'), load_file(folder / 'trained.safetensors')
    if not any(not torch.equal(before[key], value) for key, value in after.items()):
        raise AssertionError(f'{name}: training changed no weight')
    model = create(name, SIZE)
    model.load_state_dict(after, strict=True)
    maps = load_file(folder / 'maps.safetensors')
    with torch.no_grad():
        expected = model.eval()(maps.pop('x').permute(0, 3, 1, 2))
    ours = [maps[f'map{i}'].permute(0, 3, 1, 2) for i in range(len(maps))]
    if len(ours) != len(expected):
        raise AssertionError(f'{name}: expected {len(expected)} maps as in timm, got {len(ours)}')
    return max(((a - b).abs().max() / b.abs().max()).item() for a, b in zip(ours, expected))


def main() -> int:
    parser = argparse.ArgumentParser(description='Weights from timm to unitsphere and back.')
    parser.add_argument('models', nargs='*', default=DEFAULT, metavar='MODEL', help=', '.join([*TIMM, *VITS]))
    failed = 0
    for name in parser.parse_args().models:
        with tempfile.TemporaryDirectory() as directory:
            folder = Path(directory)
            whole = whole_model(name).state_dict()
            save_file(whole, folder / 'timm.safetensors')
            torch.save({'epoch': 3, 'state_dict': {f'module.{key}': value for key, value in whole.items()}}, folder / 'timm.pth')
            for source in ('timm.safetensors', 'timm.pth'):
                node('copy', name, SIZE, folder / source, folder / 'ours.safetensors')
                count = check_identical(name, folder / 'ours.safetensors', whole)
            difference = check_trained(name, folder)
            ok = difference < TOLERANCE
            failed += not ok
            print(f'{"ok" if ok else "FAILED"} {name}: {count} of {len(whole)} tensors identical from both formats; after '
                  f'training, maps differ from timm\'s by {difference:.1e}', flush=True)
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
