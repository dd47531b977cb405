/** Pictures for the test of the whole path: generated documents as a person would photograph them. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DocumentSource } from '@unitsphere/data';
import type { RgbImage } from '@unitsphere/images';
import { type Zippable, zipSync } from 'fflate';
import type { Page } from 'playwright-core';

const IDENTITIES = 12;
const PICTURES = 5;

/** Pictures in a folder of the disk. */
export interface TestPictures {
  /** A zip file of 60 pictures of 12 identities, with a copy of one of them and a damaged file. */
  archive: Uint8Array;
  /** Another picture of each of the first identities. */
  heldOut: { name: string; file: string; image: RgbImage }[];
  /** Pictures of identities that are not in the archive. */
  strangers: { file: string; image: RgbImage }[];
}

/** Draws pictures as PNM files, which need no encoder. */
export async function drawPictures(folder: string): Promise<TestPictures> {
  const source = await DocumentSource.create({ identities: IDENTITIES + 3, size: 160, seed: 5 });
  const encode = ({ data, width, height }: RgbImage) =>
    Buffer.concat([Buffer.from(`P6 ${width} ${height} 255\n`), Buffer.from(data)]);
  const draw = (identity: number, sample: number) => encode(source.load(identity, sample));
  const write = (name: string, identity: number, sample: number) => {
    const file = join(folder, name);
    const image = source.load(identity, sample);
    writeFileSync(file, encode(image));
    return { file, image };
  };
  const nameOf = (identity: number) => `document ${identity + 1}`;
  const tree: Record<string, Record<string, Uint8Array>> = {};
  for (let identity = 0; identity < IDENTITIES; identity++) {
    tree[nameOf(identity)] = Object.fromEntries(
      Array.from({ length: PICTURES }, (_, sample) => [`${sample}.ppm`, draw(identity, sample)]),
    );
  }
  tree[nameOf(2)]['copy.ppm'] = tree[nameOf(1)]['0.ppm'];
  tree[nameOf(3)]['damaged.jpg'] = new Uint8Array([1, 2, 3]);
  return {
    archive: zipSync(tree as Zippable, { level: 1 }),
    heldOut: [0, 6, 7, 8].map((identity) => ({
      name: nameOf(identity),
      ...write(`query-${identity}.ppm`, identity, PICTURES + 2),
    })),
    strangers: [0, 1, 2].map((i) => write(`stranger-${i}.ppm`, IDENTITIES + i, 0)),
  };
}

/** Drops a file on an element of the page, as a visitor does. */
export async function dropFile(page: Page, selector: string, bytes: Uint8Array, name: string): Promise<void> {
  const transfer = await page.evaluateHandle(
    ({ base64, name }) => {
      const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
      const transfer = new DataTransfer();
      transfer.items.add(new File([bytes], name));
      return transfer;
    },
    { base64: Buffer.from(bytes).toString('base64'), name },
  );
  await page.dispatchEvent(selector, 'drop', { dataTransfer: transfer });
}
