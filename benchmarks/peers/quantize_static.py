"""Quantizes FOLDER/model.onnx with images.f32 by onnxruntime's quantize_static, into FOLDER/quantized.onnx.

python quantize_static.py FOLDER MinMax|Entropy|Percentile

QDQ with uint8 activations, and int8 weights with one scale an output channel, after onnxruntime's own preparation of the graph.
"""

import sys
from pathlib import Path

import numpy as np
import onnx
from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process


class Images(CalibrationDataReader):
    def __init__(self, name: str, images: np.ndarray):
        self.name = name
        self.images = iter(images)

    def get_next(self):
        image = next(self.images, None)
        return None if image is None else {self.name: image[None]}


def main(folder: Path, method: str) -> None:
    model = onnx.load(folder / 'model.onnx')
    value = model.graph.input[0]
    sides = [side.dim_value for side in value.type.tensor_type.shape.dim][1:]
    images = np.fromfile(folder / 'images.f32', np.float32).reshape(-1, *sides)
    quant_pre_process(folder / 'model.onnx', folder / 'prepared.onnx')
    quantize_static(folder / 'prepared.onnx', folder / 'quantized.onnx', Images(value.name, images),
                    quant_format=QuantFormat.QDQ, per_channel=True, activation_type=QuantType.QUInt8,
                    weight_type=QuantType.QInt8, calibrate_method=CalibrationMethod[method])


if __name__ == '__main__':
    main(Path(sys.argv[1]), sys.argv[2])
