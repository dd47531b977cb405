"""Writes the small ONNX model for the tests of packages/pretrained, and its tensors as safetensors.

python tools/golden/onnx_files.py      (does not require torch)
"""

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from safetensors.numpy import save_file

FOLDER = Path(__file__).parents[2] / 'packages/pretrained/test/files'

values = {
    'float': np.array([[0.5, -1.25, 3e38]], np.float32),
    'double': np.array([1 / 3, -1e-300]),
    'half': np.array([1.5, -2.25, 65504], np.float16),
    'int64': np.array([-(2**63), 2**63 - 1, 7]),
    'int32': np.array([-(2**31), 7], np.int32),
    'int16': np.array([-5, 300], np.int16),
    'int8': np.array([-128, 127], np.int8),
    'uint8': np.array([0, 255, 3], np.uint8),
    'bool': np.array([True, False, True]),
    'scalar': np.array(4.0, np.float32),
    'empty': np.zeros((0, 3), np.float32),
}


def make_typed(name: str, value: np.ndarray) -> TensorProto:
    kind = helper.np_dtype_to_tensor_dtype(value.dtype)
    return helper.make_tensor(name, kind, value.shape, value.flatten().tolist())


def main() -> None:
    raw = [numpy_helper.from_array(value, f'raw {name}') for name, value in values.items()]
    constant = helper.make_node('Constant', [], ['constant'], value=numpy_helper.from_array(values['float'], 'inner name'))
    unused = helper.make_node('Identity', ['constant'], ['y'])
    graph = helper.make_graph(
        [constant, unused], 'types', [], [helper.make_tensor_value_info('y', TensorProto.FLOAT, [1, 3])],
        initializer=[*raw, *(make_typed(f'typed {name}', value) for name, value in values.items())],
    )
    model = helper.make_model(graph, producer_name='unitsphere')
    onnx.checker.check_model(model)
    onnx.save(model, FOLDER / 'types.onnx')
    expected = {f'{kind} {name}': value for kind in ('raw', 'typed') for name, value in values.items()}
    save_file({**expected, 'constant': values['float']}, FOLDER / 'types.safetensors')


if __name__ == '__main__':
    main()
