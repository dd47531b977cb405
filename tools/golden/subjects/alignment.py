"""insightface's face alignment, and OpenCV's perspective warp, of parts of real photographs."""

import importlib.util
from pathlib import Path

import cv2
import numpy as np
import torch
from skimage import data
from skimage.transform import SimilarityTransform

ABOUT = """\
"photo" [H,W,3] uint8 is a part of a photograph from scikit-image (astronaut: NASA, public domain; coffee, Rachel Michetti: \
CC0). Cases with "landmarks" [5,2]: "matrix" [2,3] is estimate_norm and "aligned" [size,size,3], if any, is norm_crop of insightface's \
face_align. Cases with "from" and "to" [N,2]: "matrix" is scikit-image's SimilarityTransform. Cases with "corners" [4,2]: \
"aligned" [height,width,3] is OpenCV's warpPerspective, bilinear, where pixel centers are at one half."""


def face_align():
    """Loads the module by its path: the whole package requires ONNX Runtime."""
    folder = importlib.util.find_spec('insightface').submodule_search_locations[0]
    spec = importlib.util.spec_from_file_location('face_align', Path(folder) / 'utils' / 'face_align.py')
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def tensor(values) -> torch.Tensor:
    return torch.from_numpy(np.ascontiguousarray(values))


def face(name, photo, landmarks, size=112):
    points = np.array(landmarks, dtype=np.float32)
    module = face_align()
    return {
        'name': name, 'photo': tensor(photo), 'landmarks': tensor(points), 'size': size,
        'matrix': tensor(module.estimate_norm(points, size).astype(np.float64)),
        # The largest is not stored.
        **({'aligned': tensor(module.norm_crop(photo, points, size))} if size < 200 else {}),
    }


def similarity(name, source, target):
    source, target = np.array(source, dtype=np.float64), np.array(target, dtype=np.float64)
    matrix = SimilarityTransform.from_estimate(source, target).params[:2]
    return {'name': name, 'from': tensor(source), 'to': tensor(target), 'matrix': tensor(matrix)}


def quad(name, photo, corners, width, height):
    points = np.array(corners, dtype=np.float32)
    target = np.array([[0, 0], [width, 0], [width, height], [0, height]], dtype=np.float32)
    matrix = cv2.getPerspectiveTransform(points - 0.5, target - 0.5)
    aligned = cv2.warpPerspective(photo, matrix, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return {
        'name': name, 'photo': tensor(photo), 'corners': tensor(points.astype(np.float64)), 'width': width,
        'height': height, 'aligned': tensor(aligned),
    }


def cases(dtype):
    person = data.astronaut()[60:180, 160:280]
    # Eyes, tip of the nose and corners of the mouth.
    points = [[45.5, 47.0], [77.2, 49.1], [64.0, 66.3], [47.9, 78.4], [74.6, 80.0]]
    rotated = np.rot90(person)
    turned = [[y, 119 - x] for x, y in points]
    cup = data.coffee()[120:170, 330:394]
    return [
        face('a face', person, points),
        face('128 pixels', person, points, 128),
        face('224 pixels', person, points, 224),
        face('turned by 90 degrees', rotated, turned),
        face('partly outside the image', person[40:, 40:], [[x - 40, y - 40] for x, y in points]),
        similarity('a rotation', [[0, 0], [1, 0], [0, 1]], [[2, 3], [2, 5], [0, 3]]),
        similarity('mirrored points', [[0, 0], [4, 0], [4, 1], [0, 2]], [[0, 0], [-4, 0.5], [-4, 1], [0, 2]]),
        similarity('noise', [[1, 2], [30, 4], [15, 20], [3, 33], [29, 31]], [[38, 52], [73, 51], [56, 72], [41, 92], [71, 92]]),
        quad('a perspective', cup, [[5.5, 4.25], [58.0, 9.5], [61.5, 46.0], [9.0, 40.75]], 60, 48),
        quad('enlarged', cup, [[20, 10], [40, 12], [38, 30], [19, 27]], 55, 49),
        quad('corners outside the image', cup, [[-4, -3], [66, 1], [60, 52], [2, 49]], 72, 60),
    ]
