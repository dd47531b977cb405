export { SceneSource, type SceneSourceOptions } from './scene-source.js';
