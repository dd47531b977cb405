"""insightface's MobileFaceNet without its head."""

from backbone_models import ABOUT_CASES, full_case, short_case

ABOUT = (
    'arcface_torch/backbones/mobilefacenet.py of insightface, get_mbf and get_mbf_large: the maps after layers.1, '
    f'layers.3, layers.5 and conv_sep. {ABOUT_CASES}'
)


def cases(dtype):
    return [
        full_case('mobilefacenet', 48, False, dtype, 4100000),
        full_case('mobilefacenet', 48, True, dtype, 4100000),
        short_case('mobilefacenet_large', 32, dtype, 4200000),
        # Batch norm in training, with maps of 2 × 2.
        short_case('mobilefacenet_large', 32, dtype, 4200000, True),
    ]
