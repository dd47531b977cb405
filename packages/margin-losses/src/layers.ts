// The entry for models of TensorFlow.js's layers API; it imports tfjs-core alone, the layers come from the caller's own tf.
export { type CosineLayerArgs, type CosineLayerClass, cosineLayer, type LayersApi } from './cosine-layer.js';
export { layersLoss } from './layers-loss.js';
