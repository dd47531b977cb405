/** Thrown for a model that cannot be exported. The message names the operation or tensor and what to do. */
export class OnnxExportError extends Error {
  override name = 'OnnxExportError';
  /** Stable name of the error, for programs. */
  readonly code = 'ONNX_EXPORT_FAILED';
}
