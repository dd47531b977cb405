// What implementations of Communicator in other packages share with ThreadCommunicator: the same calls, checks and sums.
export {
  arrayOf,
  type Call,
  type Dtype,
  describeCall,
  dtypeOf,
  lengthOf,
  mismatch,
  viewOf,
  writeCall,
} from './call.js';
export { checkRoot } from './check-root.js';
export { equalCounts, equalParts, partOffsets } from './parts.js';
export { reasonText } from './reason-text.js';
export { divide, reduce } from './reduce.js';
export { HEADER_WORDS } from './rendezvous.js';
