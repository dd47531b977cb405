import '@unitsphere/core/gradients';

export { type RgbImage, resizeAndCrop } from '@unitsphere/images';
export { preprocessImages } from '@unitsphere/pretrained';
export { clipPreprocessing } from './clip-preprocessing.js';
export { CenteredTeacher } from './losses/centered-teacher.js';
export { ContrastiveDistillation, type ContrastiveDistillationOptions } from './losses/contrastive.js';
export { CosineDistillation } from './losses/cosine.js';
export type { DistillationLoss } from './losses/distillation-loss.js';
export { KLDistillation, type KLDistillationOptions, ReferenceDistillation } from './losses/kl.js';
export { MSEDistillation, type MSEDistillationOptions } from './losses/mse.js';
export {
  createDistillationLoss,
  type DistillationLossDescription,
  type DistillationLossName,
  type DistillationLossOptions,
  describeDistillationLoss,
  listDistillationLosses,
  type TeacherOptions,
} from './losses/registry.js';
export { RKDAngle, RKDDistance } from './losses/relational.js';
export type { BooleanSetting, ChoiceSetting, DistillationSetting, NumberSetting } from './losses/setting.js';
export { SimilarityDistillation } from './losses/similarity.js';
export { distillationWeight, type WeightSchedule } from './losses/weight-schedule.js';
export { ProjectionHead } from './projection-head.js';
export type { Teacher } from './teacher.js';
export { type ClipTeacherOptions, createClipTeacher } from './tower/clip-teacher.js';
export type { ClipTower } from './tower/clip-tower.js';
export type {
  ClipResNetConfig,
  ClipTowerConfig,
  ClipTowerName,
  ClipVisionTransformerConfig,
} from './tower/configs.js';
export { createClipTower, listClipTowers } from './tower/create-clip-tower.js';
export { type LoadClipTowerOptions, type LoadedClipTower, loadClipTower } from './tower/load-clip-tower.js';
