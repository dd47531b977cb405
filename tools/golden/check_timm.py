"""Checks that one of our backbones opens in timm, and writes timm's results with it.

python tools/golden/check_timm.py DIRECTORY [--model lcnet_050] [--size 128] [--output FILE]

DIRECTORY has backbone.safetensors with timm's keys. Every key and shape must match (load_state_dict, strict). The
output is a golden file of one case with the hash-filled input "x" and the stage maps "features".
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import timm
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file

from golden import Fill, dump, sample
from backbone_models import TIMM, VITS, create

INPUT_SEED = 4242


def run(directory: Path, name: str, size: int) -> dict:
    """Returns the case of one backbone. Raises the errors of safetensors and load_state_dict if the file does not match."""
    model = create(name, size)
    model.load_state_dict(load_file(directory / 'backbone.safetensors'), strict=True)
    model = model.double().eval()
    x = Fill((2, 3, size, size), 1.0, INPUT_SEED)
    with torch.no_grad():
        maps = model(x.tensor(torch.float64))
    return {'name': f'{name} {size}x{size}', 'model': name, 'mode': 'evaluation', 'x': x,
            'features': [*(sample(m) for m in maps[:-1]), maps[-1]]}


def main() -> int:
    parser = argparse.ArgumentParser(description='Open a backbone in timm and write its stage maps.')
    parser.add_argument('directory', type=Path, help='folder of backbone.safetensors')
    parser.add_argument('--model', default='lcnet_050', choices=[*TIMM, *VITS])
    parser.add_argument('--size', type=int, default=128, help='input height and width in pixels')
    parser.add_argument('--output', type=Path, help='default: timm.json in the directory')
    arguments = parser.parse_args()
    try:
        case = run(arguments.directory, arguments.model, arguments.size)
    except (OSError, RuntimeError, SafetensorError) as error:
        print(f'{arguments.directory / "backbone.safetensors"} does not open in timm as {arguments.model}: {error}', file=sys.stderr)
        return 1
    about = (
        f'Stage maps of timm {timm.__version__}, torch {torch.__version__.split("+")[0]} with backbone.safetensors as '
        f'{arguments.model}, float64, NCHW. Maps of more than 2,048 elements are sampled, except the last.'
    )
    output = arguments.output or arguments.directory / 'timm.json'
    output.write_text(dump(about, [case]), 'utf-8')
    print(f'opens in timm as {arguments.model}; wrote {output}')
    return 0


if __name__ == '__main__':
    sys.exit(main())
