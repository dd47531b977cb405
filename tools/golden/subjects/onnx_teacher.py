"""Small image networks as ONNX files, and PyTorch's results with the same weights."""

import base64

import torch
import torch.nn.functional as F
from onnx import TensorProto, helper, numpy_helper

from golden import Fill

ABOUT = """\
"model" is an ONNX file in base64: 3x3 convolution of stride 2 (3 to 4 channels, padding 1), ReLU, global average pool, \
linear layer (4 to 5). "y" is PyTorch's result for the images "x" [N,3,16,16]. Some files have a second output "tokens", \
the map before the pool. "layout" is the layout of the file's input, and "batch" its batch size, or null for any."""

KERNEL, BIAS = Fill((4, 3, 3, 3), 0.5, 8200), Fill((4,), 0.2, 8201)
WEIGHT, SHIFT = Fill((5, 4), 0.8, 8202), Fill((5,), 0.3, 8203)


def model(layout, batch, tokens):
    sides = [3, 16, 16] if layout == 'NCHW' else [16, 16, 3]
    nodes, images = [], 'pixels'
    if layout == 'NHWC':
        nodes.append(helper.make_node('Transpose', ['pixels'], ['nchw'], perm=[0, 3, 1, 2]))
        images = 'nchw'
    nodes += [
        helper.make_node('Conv', [images, 'kernel', 'bias'], ['c'], strides=[2, 2], pads=[1, 1, 1, 1]),
        helper.make_node('Relu', ['c'], ['tokens']),
        helper.make_node('GlobalAveragePool', ['tokens'], ['p']),
        helper.make_node('Flatten', ['p'], ['f']),
        helper.make_node('Gemm', ['f', 'weight', 'shift'], ['embedding'], transB=1),
    ]
    first = batch or 'batch'
    outputs = [helper.make_tensor_value_info('embedding', TensorProto.FLOAT, [first, 5])]
    if tokens:
        outputs.insert(0, helper.make_tensor_value_info('tokens', TensorProto.FLOAT, [first, 4, 8, 8]))
    named = {'kernel': KERNEL, 'bias': BIAS, 'weight': WEIGHT, 'shift': SHIFT}
    graph = helper.make_graph(
        nodes, 'teacher', [helper.make_tensor_value_info('pixels', TensorProto.FLOAT, [first, *sides])], outputs,
        [numpy_helper.from_array(fill.tensor(torch.float32).numpy(), name) for name, fill in named.items()],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid('', 13)], ir_version=8)
    return base64.b64encode(made.SerializeToString()).decode('ascii')


def case(name, dtype, layout='NCHW', batch=None, tokens=False):
    x = Fill((3, 3, 16, 16), 1.0, 8210)
    maps = F.relu(F.conv2d(x.tensor(dtype), KERNEL.tensor(dtype), BIAS.tensor(dtype), 2, 1))
    y = F.linear(maps.mean((2, 3)), WEIGHT.tensor(dtype), SHIFT.tensor(dtype))
    return {'name': name, 'layout': layout, 'batch': batch, 'model': model(layout, batch, tokens), 'x': x, 'y': y}


def cases(dtype):
    return [
        case('any batch', dtype),
        case('channels last', dtype, layout='NHWC'),
        case('batches of 2', dtype, batch=2),
        case('two outputs', dtype, tokens=True),
    ]
