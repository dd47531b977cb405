import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { OnnxExportError } from '../src/index.js';
import { saveFile, saveFolder } from '../src/node.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'save-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const bytes = (text: string) => new TextEncoder().encode(text);

test('writes a file and its folders', async () => {
  const file = join(folder, 'a', 'b', 'model.onnx');
  await saveFile(file, bytes('model'));
  expect(readFileSync(file, 'utf8')).toBe('model');
  expect(readdirSync(join(folder, 'a', 'b'))).toEqual(['model.onnx']);
});

test('replaces a folder whole', async () => {
  const target = join(folder, 'model');
  mkdirSync(target);
  writeFileSync(join(target, 'old.txt'), 'old');
  await saveFolder(
    target,
    new Map([
      ['onnx/model.onnx', bytes('model')],
      ['config.json', bytes('{}')],
    ]),
  );
  expect(readdirSync(target).sort()).toEqual(['config.json', 'onnx']);
  expect(readFileSync(join(target, 'onnx', 'model.onnx'), 'utf8')).toBe('model');
  expect(readdirSync(folder)).toEqual(['model']);
});

test('names the path and the reason if the disk refuses', async () => {
  writeFileSync(join(folder, 'file'), '');
  const failure = saveFile(join(folder, 'file', 'model.onnx'), bytes('model'));
  await expect(failure).rejects.toThrow(OnnxExportError);
  await expect(failure).rejects.toThrow(/model\.onnx cannot be written: /);
});

test('leaves the old folder as it is if a file cannot be written', async () => {
  const target = join(folder, 'model');
  mkdirSync(target);
  writeFileSync(join(target, 'old.txt'), 'old');
  // "a" cannot be both a file and a folder.
  const files = new Map([
    ['a', bytes('1')],
    ['a/b', bytes('2')],
  ]);
  await expect(saveFolder(target, files)).rejects.toThrow(OnnxExportError);
  expect(readFileSync(join(target, 'old.txt'), 'utf8')).toBe('old');
  expect(readdirSync(folder)).toEqual(['model']);
});
