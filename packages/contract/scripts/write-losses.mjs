// Writes down the losses that the reference model's training steps have on cpu: npm run golden -w packages/contract
import { writeFile } from 'node:fs/promises';
import { useBackend } from '@unitsphere/backends';
import { trainReference } from '@unitsphere/contract';

await useBackend('cpu');
const losses = await trainReference();
await writeFile(new URL('../golden/lcnet-losses.json', import.meta.url), `${JSON.stringify({ losses })}\n`);
