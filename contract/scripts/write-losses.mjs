// npm run golden -w contract: writes the losses of the reference model's training steps on cpu.
import { writeFile } from 'node:fs/promises';
import { useBackend } from '@unitsphere/backends';
import { trainReference } from '@unitsphere/contract';

await useBackend('cpu');
const losses = await trainReference();
await writeFile(new URL('../golden/lcnet-losses.json', import.meta.url), `${JSON.stringify({ losses })}\n`);
