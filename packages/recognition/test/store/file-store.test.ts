import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe } from 'vitest';
import { openFileStore } from '../../src/file.js';
import { header, testStore } from './store-contract.js';

const folder = mkdtempSync(join(tmpdir(), 'gallery-'));
afterAll(() => rmSync(folder, { recursive: true }));
let files = 0;
const newPath = () => join(folder, `${files++}.safetensors`);

describe('file', () => testStore(() => openFileStore(newPath(), { header })));
