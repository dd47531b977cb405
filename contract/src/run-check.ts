import * as tf from '@tensorflow/tfjs-core';
import { useBackend } from '@unitsphere/backends';
import type { AgreementCheck, Check, Coarse, Outcome, Values } from './check.js';
import { compareValues, describeLarge } from './compare.js';
import { contractChecks } from './contract.js';

const TOLERANCE = 1e-4;

/**
 * Runs one check on a backend of this process or page.
 * @throws Error if no check has the name.
 */
export async function runCheck(name: string, backend: string): Promise<Outcome> {
  const check = contractChecks.find((c) => c.name === name);
  if (!check) throw new Error(`The contract has no check "${name}". See contractChecks for the names.`);
  const { group, subject } = check;
  const outcome: Outcome = { group, subject, name, problems: [], differences: [] };
  try {
    await run(check, backend, outcome);
  } catch (error) {
    outcome.problems.push(`it failed: ${error instanceof Error ? error.message : error}`);
  }
  return outcome;
}

async function run(check: Check, backend: string, outcome: Outcome): Promise<void> {
  const expected = 'compute' in check && backend !== 'cpu' ? await referenceOf(check) : undefined;
  await useBackend(backend);
  await tf.ready();
  const before = tf.memory().numTensors;
  if ('verify' in check) {
    outcome.problems.push(...(await check.verify()));
  } else if (expected) {
    outcome.differences = compareValues(await check.compute(), expected, check.vanishing);
    const coarse = coarseOn(backend, check);
    outcome.coarse = coarse?.why;
    const tolerance = coarse?.tolerance ?? TOLERANCE;
    outcome.problems.push(...describeLarge(outcome.differences, tolerance));
  } else if (check.verifyReference) {
    outcome.problems.push(...(await check.verifyReference()));
  } else {
    outcome.problems.push(
      ...describeLarge(compareValues(await check.compute(), await referenceOf(check)), 0),
    );
  }
  const left = tf.memory().numTensors - before;
  if (left !== 0) outcome.problems.push(`it left ${left} tensors`);
}

function coarseOn(backend: string, { coarse }: AgreementCheck): Coarse | undefined {
  if (!coarse || !('on' in coarse)) return coarse;
  return coarse.on.includes(backend) ? coarse.to : undefined;
}

const references = new Map<string, Promise<Values>>();

/** Returns what a check computes on cpu, computed once. */
async function referenceOf(check: AgreementCheck): Promise<Values> {
  if (check.reference) return check.reference;
  let reference = references.get(check.name);
  if (!reference) {
    reference = useBackend('cpu').then(() => check.compute());
    references.set(check.name, reference);
  }
  return reference;
}
