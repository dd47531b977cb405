"""timm's EfficientNet features."""

from backbone_models import ABOUT_CASES, full_case, short_case

ABOUT = f'timm.create_model(name, features_only=True) of the EfficientNet family. {ABOUT_CASES}'


def cases(dtype):
    return [
        full_case('efficientnet_b0', 64, False, dtype, 5100000),
        full_case('efficientnet_b0', 64, True, dtype, 5100000),
        short_case('efficientnet_b1', 32, dtype, 5200000),
        short_case('efficientnet_b2', 32, dtype, 5300000),
        short_case('efficientnet_lite0', 32, dtype, 5400000),
        short_case('efficientnet_lite0', 64, dtype, 5400000, True),
        # TensorFlow's padding, which differs for even and odd sizes.
        short_case('tf_efficientnet_b0', 48, dtype, 5500000),
        short_case('tf_efficientnet_lite0', 48, dtype, 5600000, True),
        short_case('tf_efficientnet_b1', 32, dtype, 5700000),
        short_case('tf_efficientnet_b2', 32, dtype, 5800000),
        full_case('tf_efficientnet_lite0', 32, False, dtype, 5600000),
        # Batch norm in training, with maps of 2 × 2.
        short_case('efficientnet_b1', 48, dtype, 5200000, True),
        short_case('efficientnet_b2', 48, dtype, 5300000, True),
        short_case('tf_efficientnet_b0', 48, dtype, 5500000, True),
        short_case('tf_efficientnet_b1', 48, dtype, 5700000, True),
        short_case('tf_efficientnet_b2', 48, dtype, 5800000, True),
        short_case('tf_efficientnet_lite1', 48, dtype, 5900000),
        short_case('tf_efficientnet_lite2', 48, dtype, 6000000),
    ]
