"""CLIP image towers of open_clip and transformers with hash-filled weights: tiny models, and ViT-B/32 in its true shape."""

import open_clip
import torch
from open_clip.model import CLIP, CLIPTextCfg, CLIPVisionCfg
from transformers import CLIPConfig, CLIPModel

from golden import Fill

ABOUT = """\
"embedding" is encode_image (open_clip) or get_image_features (transformers) of the images "x" [N,3,H,W]. "state" has the \
keys of the whole model, including the text tower; only "ViT-B-32 true shape" has just those of the image tower. \
num_batches_tracked starts at 0. "config" is the tower's shape with the names of packages/clip-distiller."""

TEXT = {'context_length': 5, 'vocab_size': 11, 'width': 8, 'heads': 2, 'layers': 1}


def fill(key, value, seed):
    """Returns norm scales around 1, shifts around 0, and matrices that keep the size of a layer's values."""
    shape = tuple(value.shape)
    if key.endswith('running_var'):
        return Fill(shape, 0.4, seed, 1.0)
    if key.endswith('running_mean') or key.endswith('bias') or value.dim() == 0:
        return Fill(shape, 0.2, seed)
    if value.dim() == 1:
        return Fill(shape, 0.3, seed, 0.0 if 'embedding' in key else 1.0)
    if 'embedding' in key and value.dim() == 2:
        return Fill(shape, 0.5, seed)
    inputs = shape[0] if key in ('visual.proj', 'text_projection') else value.numel() // shape[0]
    return Fill(shape, (3.0 / inputs) ** 0.5, seed)


def load(model, dtype, seed, prefix=''):
    model = model.to(dtype).eval()
    state = {
        key: fill(key, value, seed + index)
        for index, (key, value) in enumerate(model.state_dict().items())
        if value.is_floating_point() and key.startswith(prefix)
    }
    left = model.load_state_dict({key: f.tensor(dtype) for key, f in state.items()}, strict=False)
    if left.unexpected_keys or any(key.startswith(prefix) and 'num_batches' not in key for key in left.missing_keys):
        raise AssertionError(f'weights do not match the model: {left}')
    return model, state


def case(name, config, model, state, embed, dtype, seed, batch=2):
    x = Fill((batch, 3, config['imageSize'], config['imageSize']), 2.0, seed)
    with torch.no_grad():
        embedding = embed(model, x.tensor(dtype))
    return {'name': name, 'config': config, 'state': state, 'x': x, 'embedding': embedding}


def vit_config(patch, size, width, depth, heads, embed, activation):
    return {
        'kind': 'vit', 'imageSize': size, 'patchSize': patch, 'width': width, 'depth': depth, 'heads': heads,
        'embedDim': embed, 'activation': activation,
    }


def openclip(name, config, dtype, seed):
    if config['kind'] == 'vit':
        vision = CLIPVisionCfg(
            layers=config['depth'], width=config['width'], head_width=config['width'] // config['heads'],
            patch_size=config['patchSize'], image_size=config['imageSize'],
        )
    else:
        vision = CLIPVisionCfg(
            layers=config['depths'], width=config['width'], head_width=config['width'] * 32 // config['heads'],
            image_size=config['imageSize'],
        )
    model = CLIP(config['embedDim'], vision, CLIPTextCfg(**TEXT), quick_gelu=config.get('activation') == 'quick_gelu')
    model, state = load(model, dtype, seed)
    return case(f'open_clip {name}', config, model, state, lambda m, x: m.encode_image(x), dtype, seed + 900)


def transformers(name, config, dtype, seed):
    shared = {'projection_dim': config['embedDim'], 'hidden_act': config['activation']}
    model = CLIPModel(CLIPConfig(
        projection_dim=config['embedDim'],
        vision_config={
            **shared, 'hidden_size': config['width'], 'intermediate_size': 4 * config['width'],
            'num_hidden_layers': config['depth'], 'num_attention_heads': config['heads'],
            'image_size': config['imageSize'], 'patch_size': config['patchSize'],
        },
        text_config={
            **shared, 'hidden_size': 8, 'intermediate_size': 32, 'num_hidden_layers': 1, 'num_attention_heads': 2,
            'max_position_embeddings': 5, 'vocab_size': 11, 'bos_token_id': 0, 'eos_token_id': 1, 'pad_token_id': 1,
        },
    ))
    model, state = load(model, dtype, seed)

    def embed(m, x):
        return m.visual_projection(m.vision_model(pixel_values=x).pooler_output)

    return case(f'transformers {name}', config, model, state, embed, dtype, seed + 900)


def true_shape(dtype, seed):
    config = vit_config(32, 224, 768, 12, 12, 512, 'quick_gelu')
    model, state = load(open_clip.create_model('ViT-B-32-quickgelu', pretrained=None), dtype, seed, 'visual.')
    return case(
        'ViT-B-32 true shape', config, model, state, lambda m, x: m.encode_image(x), dtype, seed + 900, batch=1,
    )


def cases(dtype):
    b32 = (32, 96, 32, 3, 4, 20)
    b16 = (16, 64, 24, 2, 3, 16)
    l14 = (14, 56, 32, 4, 2, 24)
    rn50 = {'kind': 'resnet', 'imageSize': 96, 'width': 8, 'depths': [2, 1, 2, 1], 'heads': 4, 'embedDim': 20}
    return [
        openclip('ViT-B-32-quickgelu, tiny', vit_config(*b32, 'quick_gelu'), dtype, 8100000),
        openclip('ViT-B-16, tiny', vit_config(*b16, 'gelu'), dtype, 8110000),
        openclip('ViT-L-14, tiny', vit_config(*l14, 'gelu'), dtype, 8120000),
        transformers('ViT-B-32-quickgelu, tiny', vit_config(*b32, 'quick_gelu'), dtype, 8130000),
        transformers('ViT-B-16-quickgelu, tiny', vit_config(*b16, 'quick_gelu'), dtype, 8140000),
        transformers('ViT-L-14, tiny', vit_config(*l14, 'gelu'), dtype, 8150000),
        openclip('RN50, tiny', rn50, dtype, 8160000),
        true_shape(dtype, 8170000),
    ]
