"""Checks exported ONNX models of every backbone, neck and norm in Python.

python tools/golden/export_onnx.py [BACKBONE ...]        (after npm run build; default: every backbone)

export-onnx.mjs exports each model on small images and prints the difference between our embeddings and onnxruntime-node's.
Here, each file must pass onnx.checker in full mode with strict shape inference, every value must have a type and shape in the
file, and Python's onnxruntime must compute our embeddings within 1e-4.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import onnx
import onnxruntime

SCRIPT = Path(__file__).with_name('export-onnx.mjs')
TOLERANCE = 1e-4


def node(*arguments: object) -> list[str]:
    command = ['node', SCRIPT, *map(str, arguments)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.split('\n')


def untyped_values(model: onnx.ModelProto) -> list[str]:
    """Returns the values of a model whose type or shape the file lacks."""
    graph = model.graph
    typed = {value.name for value in [*graph.value_info, *graph.output] if value.type.tensor_type.HasField('shape')}
    return [name for step in graph.node for name in step.output if name not in typed]


def check(folder: Path, name: str) -> float:
    """Returns the largest difference between our embeddings and onnxruntime's. Raises an error for an invalid file."""
    file = folder / f'{name}.onnx'
    model = onnx.load(file)
    onnx.checker.check_model(model, full_check=True)
    onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True, data_prop=True)
    if missing := untyped_values(model):
        raise AssertionError(f'{name}: no shape for {missing}')
    session = onnxruntime.InferenceSession(file, providers=['CPUExecutionProvider'])
    spec = session.get_inputs()[0]
    images = np.fromfile(folder / 'images.f32', np.float32).reshape(-1, *spec.shape[1:])
    (found,) = session.run(None, {spec.name: images})
    return float(np.abs(found.ravel() - np.fromfile(folder / f'{name}.f32', np.float32)).max())


def main() -> int:
    parser = argparse.ArgumentParser(description='ONNX files of every model.')
    parser.add_argument('backbones', nargs='*', metavar='BACKBONE')
    failed = 0
    for backbone in parser.parse_args().backbones or filter(None, node()):
        with tempfile.TemporaryDirectory() as directory:
            folder = Path(directory)
            lines = [line.split() for line in node(folder, backbone) if line]
            in_node = max(float(difference) for _, difference in lines)
            in_python = max(check(folder, name) for name, _ in lines)
            ok = max(in_node, in_python) < TOLERANCE
            failed += not ok
            print(f'{"ok" if ok else "FAILED"} {backbone}: {len(lines)} necks and norms; largest difference '
                  f'{in_node:.1e} in onnxruntime-node, {in_python:.1e} in Python', flush=True)
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
