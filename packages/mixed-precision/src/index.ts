export {
  describeMatmulPrecision,
  getFloat32MatmulPrecision,
  MATMUL_PRECISIONS,
  type MatmulPrecision,
  type MatmulPrecisionReport,
  type ProductReport,
  roundToBfloat16,
  roundToTensorFloat32,
  setFloat32MatmulPrecision,
  toBfloat16,
  withFloat32MatmulPrecision,
} from '@unitsphere/ops';
export { AUTOCAST_TABLE, type AutocastPolicy, autocast } from './autocast.js';
export {
  type Bfloat16Hooks,
  type Bfloat16SavedTensorsOptions,
  bfloat16SavedTensors,
} from './bfloat16-saved-tensors.js';
export { describeNonFinite, findFirstNonFinite, type NonFiniteOperation } from './find-first-non-finite.js';
export {
  GradScaler,
  type GradScalerOptions,
  type GradScalerState,
  LossScaleCollapseError,
  type OptimizerLike,
  type UnscaleResult,
} from './grad-scaler.js';
