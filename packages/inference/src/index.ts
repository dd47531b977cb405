export { type CompiledNetwork, type CompileNetworkOptions, compileNetwork } from './compile-network.js';
export { UnsupportedNetworkError } from './errors.js';
export { checkThreads } from './threads/check-threads.js';
export {
  type Trace,
  type TracedCall,
  type TracedConstant,
  type TracedValue,
  traceForward,
} from './trace/trace.js';
