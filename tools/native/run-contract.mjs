// Runs every check of the contract on the native kernels, one instruction set after the other, and prints those that fail.
import { contractChecks, openPlaces } from '../../contract/dist/index.js';

const { present, missing, close } = await openPlaces();
const places = present.filter(({ name }) => name.startsWith('wasm, native'));
if (places.length === 0) console.log(missing.find(({ name }) => name === 'wasm, native').why);
let failed = 0;
for (const place of places) {
  let problems = 0;
  for (const { name } of contractChecks) {
    const outcome = await place.run(name);
    if (outcome.problems.length === 0) continue;
    problems++;
    console.log(`✗ ${place.name}: ${name}: ${outcome.problems.join('; ')}`);
  }
  console.log(`contract on ${place.name}: ${contractChecks.length - problems} passed, ${problems} failed`);
  failed += problems;
}
await close();
process.exit(failed > 0 || places.length === 0 ? 1 : 0);
