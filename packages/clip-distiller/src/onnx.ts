export { createOnnxTeacher, type OnnxTeacherOptions } from './onnx/onnx-teacher.js';
export { type OnnxRuntime, type OnnxSession, OnnxTeacherError, type OnnxTensor } from './onnx/runtime.js';
