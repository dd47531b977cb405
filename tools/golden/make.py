"""Writes all golden files, or those named: python tools/golden/make.py [--check | --float32] [name ...]

--check    compare with the stored files instead of writing
--float32  print the error of PyTorch's float32 arithmetic against the stored files instead of writing
"""

import argparse
import base64
import importlib
import json
import math
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import numpy as np
import timm
import torch

from golden import FILES, dump, encode

SUBJECTS = [
    'hash', 'conv', 'depthwise', 'grouped', 'linear', 'activations', 'norms', 'squeeze_excite', 'head', 'losses',
    'adaptive_losses', 'optimizers', 'schedules', 'lcnet', 'mobilenetv3', 'resnet', 'iresnet', 'mobilefacenet',
    'efficientnet', 'mobilenetv4', 'vit', 'state_dict', 'adapt_input', 'pos_embed', 'layer_ids', 'partial_fc', 'distillation',
    'clip', 'clip_preprocessing', 'preprocessing', 'onnx_teacher', 'bfloat16', 'grad_scaler', 'pair_losses', 'pair_miners',
    'alignment',
]
# Machines sum in different orders, so the last digits of a value may differ.
CHECK_TOLERANCE = 1e-6


def make(name: str, dtype: torch.dtype) -> tuple:
    """Returns the description and the cases of a file."""
    subject = importlib.import_module(f'subjects.{name}')
    versions = f'Made by tools/golden, torch {torch.__version__.split("+")[0]}, timm {timm.__version__}'
    method = 'computed in float64 from float32 inputs, rounded to float32; CPU'
    return f'{versions}, {method}. {subject.ABOUT}', subject.cases(dtype)


def values(stored: dict) -> np.ndarray:
    return np.frombuffer(base64.b64decode(stored['data']), dtype=np.dtype(stored['dtype']).newbyteorder('<'))


def error(actual, expected, path: str, found: dict) -> None:
    """Collects the relative error of every number and tensor. Raises ValueError if the structures differ."""
    if isinstance(expected, dict) and 'data' in expected and isinstance(actual, dict) and 'data' in actual:
        if actual['shape'] != expected['shape'] or actual['dtype'] != expected['dtype']:
            raise ValueError(f'{path}: {actual["shape"]} {actual["dtype"]}, not {expected["shape"]} {expected["dtype"]}')
        a, e = values(actual).astype(np.float64), values(expected).astype(np.float64)
        size = max(float(np.abs(e).max(initial=0.0)), expected.get('scale', 0.0))
        found[path] = float(np.abs(a - e).max(initial=0.0)) / (size + 1e-12)
        error(actual.get('sampled'), expected.get('sampled'), f'{path}.sampled', found)
    elif isinstance(expected, dict) and isinstance(actual, dict):
        if actual.keys() != expected.keys():
            raise ValueError(f'{path}: keys differ: {sorted(actual.keys() ^ expected.keys())}')
        for key in expected:
            error(actual[key], expected[key], f'{path}.{key}', found)
    elif isinstance(expected, list) and isinstance(actual, list) and len(actual) == len(expected):
        for index, (a, e) in enumerate(zip(actual, expected)):
            error(a, e, f'{path}[{index}]', found)
    elif isinstance(expected, float) and isinstance(actual, (int, float)):
        found[path] = abs(actual - expected) / (abs(expected) + 1e-12)
    elif actual != expected:
        raise ValueError(f'{path}: {actual!r}, not {expected!r}')


def differences(name: str, cases: list) -> tuple:
    """Returns (case name, path within it, relative error) against the stored file, largest error first."""
    stored = json.loads((FILES / f'{name}.json').read_text('utf-8'))
    made = json.loads(json.dumps(encode(cases)))
    if [case['name'] for case in made] != [case['name'] for case in stored['cases']]:
        raise ValueError(f'{name}: the cases differ')
    rows = []
    for actual, expected in zip(made, stored['cases']):
        found = {}
        # The distance to corners depends on the machine.
        for case in (actual, expected):
            case.pop('cornerDistance', None)
        error(actual, expected, '', found)
        rows += [(expected['name'], path.lstrip('.'), value) for path, value in found.items()]
    return sorted(rows, key=lambda row: -row[2] if math.isfinite(row[2]) else -math.inf)


def main() -> int:
    parser = argparse.ArgumentParser(description='Write all golden files, or those named.')
    parser.add_argument('names', nargs='*', metavar='name', help='subjects: ' + ' '.join(SUBJECTS))
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument('--check', action='store_true', help='compare with the stored files instead of writing')
    mode.add_argument('--float32', action='store_true', help="print the error of PyTorch's float32 arithmetic instead of writing")
    arguments = parser.parse_args()
    unknown = [name for name in arguments.names if name not in SUBJECTS]
    if unknown:
        parser.error(f'unknown subject {", ".join(unknown)}; subjects: {", ".join(SUBJECTS)}')
    torch.set_num_threads(1)
    FILES.mkdir(exist_ok=True)
    failed = False
    for name in arguments.names or SUBJECTS:
        about, cases = make(name, torch.float32 if arguments.float32 else torch.float64)
        path = FILES / f'{name}.json'
        if not (arguments.check or arguments.float32):
            path.write_text(dump(about, cases), 'utf-8')
            print(f'{name}: {len(cases)} cases, {path.stat().st_size / 1024:.0f} KiB')
            continue
        rows = differences(name, cases)
        worst = rows[0] if rows else ('', '', 0.0)
        print(f'{name}: largest relative error {worst[2]:.1e} ({worst[0]}: {worst[1]})')
        failed = failed or (arguments.check and not worst[2] <= CHECK_TOLERANCE)
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
