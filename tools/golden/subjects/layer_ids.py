"""timm's layer ids, by which learning rates decrease toward the stem."""

import timm
from timm.models._manipulate import group_parameters

MODELS = [
    'lcnet_050', 'mobilenetv3_small_050', 'mobilenetv3_large_100', 'mobilenetv4_conv_small', 'mobilenetv4_conv_medium',
    'efficientnet_b0', 'efficientnet_lite0', 'resnet18', 'resnet50', 'vit_tiny_patch16_224',
]

ABOUT = (
    'timm.models.group_parameters(model, model.group_matcher(coarse=False), reverse=True) of each whole model. "begins" lists '
    'the first parameter of each layer with its id, in the order of the parameters.'
)


def cases(_dtype):
    made = []
    for name in MODELS:
        model = timm.create_model(name, pretrained=False)
        ids = group_parameters(model, model.group_matcher(coarse=False), reverse=True)
        begins = []
        for key, _ in model.named_parameters():
            if not begins or begins[-1][1] != ids[key]:
                begins.append([key, ids[key]])
        made.append({'name': name, 'begins': begins})
    return made
