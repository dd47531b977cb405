import * as ops from '../src/index.js';
import { contractCasesOf } from './contract-cases';

export * from './contract-cases';

/** Every operation's cases, of the present source. */
export const contractCases = contractCasesOf(ops);
