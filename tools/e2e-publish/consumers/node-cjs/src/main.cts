// Trains on WebAssembly from CommonJS in TypeScript.
import backends = require('@unitsphere/backends');
import training = require('./train.cjs');

async function main(): Promise<void> {
  await backends.useBackend('wasm');
  console.log(await training.train());
}

main().catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
