"""Checks that the export of every backbone that timm has loads in timm, by the code of its own model card.

python tools/golden/check_exported_timm.py [BACKBONE ...]        (after npm run build; default: every backbone)

The Python code of the card's section "Use" runs in the exported folder: it must load the weights with strict=True. The
network must then compute maps of the image size in config.json.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import timm
import torch

SCRIPT = Path(__file__).with_name('export-timm.mjs')
NOT_IN_TIMM = re.compile(r'iresnet|mobilefacenet')


def check(backbone: str, folder: Path) -> int:
    """Returns the number of tensors that the card's code loads."""
    subprocess.run(['node', SCRIPT, folder, backbone], check=True)
    (code,) = re.findall(r'```python\n(import timm.*?)```', (folder / 'README.md').read_text('utf-8'), re.DOTALL)
    config = json.loads((folder / 'config.json').read_text('utf-8'))
    if config['architecture'] != backbone or 'strict=True' not in code:
        raise AssertionError(f'{backbone}: {config}\n{code}')
    before = os.getcwd()
    os.chdir(folder)
    try:
        names: dict = {}
        exec(code, names)
    finally:
        os.chdir(before)
    model = names['model'].eval()
    with torch.no_grad():
        maps = model(torch.zeros(1, *config['pretrained_cfg']['input_size']))
    if not all(map.isfinite().all() for map in maps):
        raise AssertionError(f'{backbone}: the maps are not finite')
    return len(model.state_dict())


def main() -> int:
    parser = argparse.ArgumentParser(description='Exports for timm.')
    parser.add_argument('backbones', nargs='*', metavar='BACKBONE')
    names = subprocess.run(['node', SCRIPT], check=True, capture_output=True, text=True).stdout.split()
    failed = 0
    for backbone in parser.parse_args().backbones or [name for name in names if not NOT_IN_TIMM.match(name)]:
        with tempfile.TemporaryDirectory() as directory:
            try:
                print(f'ok {backbone}: {check(backbone, Path(directory) / "export")} tensors in timm {timm.__version__}', flush=True)
            except Exception as error:
                failed += 1
                print(f'FAILED {backbone}: {error}', flush=True)
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
