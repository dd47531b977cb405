#!/usr/bin/env node
// Runs the contract on one backend in this version of Node: node contract/scripts/check-backend.mjs BACKEND.
// Prints one JSON object: the backend's device, the number of checks and those that failed. Exits with 1 if a check failed.
import { contractChecks, findNodePlaces } from '../dist/index.js';

const [backend] = process.argv.slice(2);
const { present, missing } = await findNodePlaces([backend]);
const [place] = present;
if (!place) {
  console.error(missing[0]?.why ?? `There is no backend "${backend}". Use wasm, webgpu, node, cuda or cpu.`);
  process.exit(2);
}
const failed = [];
for (const { name } of contractChecks) {
  let problems;
  try {
    ({ problems } = await place.run(name));
  } catch (error) {
    problems = [String(error)];
  }
  if (problems.length > 0) failed.push({ name, problems });
}
const { device } = place;
const report = { backend, device, node: process.version, checks: contractChecks.length, failed };
process.stdout.write(`${JSON.stringify(report, null, 2)}\n`, () => process.exit(failed.length > 0 ? 1 : 0));
