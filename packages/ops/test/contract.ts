import * as ops from '../src/index.js';
import { contractCasesOf } from './contract-cases.js';

export * from './contract-cases.js';

/** Every operation's cases, of the present source. */
export const contractCases = contractCasesOf(ops);
