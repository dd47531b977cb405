"""Checks exported ONNX models in Python.

python tools/golden/check_onnx.py FOLDER        (onnx-runtimes.mjs runs it on what export-onnx.mjs writes)

Each file must pass onnx.checker in full mode with strict shape inference, and every value must have a type and shape in the file.
Prints the versions of onnx and onnxruntime, and then for each file its name and the largest difference between our embeddings and
those of onnxruntime.
"""

import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime


def untyped_values(model: onnx.ModelProto) -> list[str]:
    """Returns the values of a model whose type or shape the file lacks."""
    graph = model.graph
    typed = {value.name for value in [*graph.value_info, *graph.output] if value.type.tensor_type.HasField('shape')}
    return [name for step in graph.node for name in step.output if name not in typed]


def check(file: Path) -> float:
    """Returns the largest difference between our embeddings and onnxruntime's. Raises an error for an invalid file."""
    model = onnx.load(file)
    onnx.checker.check_model(model, full_check=True)
    onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True, data_prop=True)
    if missing := untyped_values(model):
        raise AssertionError(f'{file.name}: no shape for {missing}')
    session = onnxruntime.InferenceSession(file, providers=['CPUExecutionProvider'])
    spec = session.get_inputs()[0]
    images = np.fromfile(file.with_name('images.f32'), np.float32).reshape(-1, *spec.shape[1:])
    (found,) = session.run(None, {spec.name: images})
    return float(np.abs(found.ravel() - np.fromfile(file.with_suffix('.f32'), np.float32)).max())


def main() -> None:
    folder = Path(sys.argv[1])
    print(f'onnx {onnx.__version__}, onnxruntime {onnxruntime.__version__}')
    for file in sorted(folder.glob('*.onnx')):
        print(file.stem, check(file))


if __name__ == '__main__':
    main()
