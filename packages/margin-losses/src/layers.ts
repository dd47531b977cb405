// Entry point for models of TensorFlow.js's layers API. It imports only tfjs-core; the layers come from the caller's own tf.
export { type CosineLayerArgs, type CosineLayerClass, cosineLayer, type LayersApi } from './cosine-layer.js';
export { layersLoss } from './layers-loss.js';
