"""Writes the small file for the tests of packages/core: python tools/golden/safetensors_file.py"""

from pathlib import Path

from safetensors.torch import save_file

from dtype_tensors import DTYPE_TENSORS, FLOAT

FILE = Path(__file__).parents[2] / 'packages/core/test/files/python.safetensors'

tensors = {
    'linear.weight': FLOAT,
    **DTYPE_TENSORS,
}
save_file(tensors, FILE, metadata={'format': 'pt'})
