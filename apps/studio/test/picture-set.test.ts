import { expect, test, vi } from 'vitest';
import { PictureSet } from '../src/data/picture-set.js';

const image = new Blob(['x']);
const found = { width: 1, height: 1, thumbnail: image };

function createSet(): PictureSet {
  const set = new PictureSet();
  set.add([
    { identity: 'b', image, id: 'b/1.jpg' },
    { identity: 'a', image, id: 'a/1.jpg' },
    { identity: 'a', image, id: 'a/2.jpg' },
    { identity: 'a10', image, id: 'a10/1.jpg' },
    { identity: 'a9', image, id: 'a9/1.jpg' },
  ]);
  return set;
}

const namesOf = (set: PictureSet) => set.identities().map(({ name }) => name);

test('lists identities by name, with numbers in their order', () => {
  const set = createSet();
  expect(namesOf(set)).toEqual(['a', 'a9', 'a10', 'b']);
  expect(set.identities()[0].pictures.map(({ id }) => id)).toEqual(['a/1.jpg', 'a/2.jpg']);
});

test('numbers pictures whose name another one has', () => {
  const set = createSet();
  const added = set.add([
    { identity: 'c', image, id: 'a/1.jpg' },
    { identity: 'c', image, id: 'a/1.jpg' },
  ]);
  expect(added.map(({ id }) => id)).toEqual(['a/1.jpg (2)', 'a/1.jpg (3)']);
});

test('renames an identity, and merges it into one that has the name', () => {
  const set = createSet();
  set.rename('b', '  new name ');
  expect(namesOf(set)).toContain('new name');
  set.rename('new name', 'a');
  expect(set.identities()[0].pictures.length).toBe(3);
  set.rename('a', '   ');
  expect(namesOf(set)).toEqual(['a', 'a9', 'a10']);
});

test('merges several identities', () => {
  const set = createSet();
  set.merge(['a9', 'a10', 'b'], 'b');
  expect(namesOf(set)).toEqual(['a', 'b']);
  expect(set.labeledImages().filter(({ identity }) => identity === 'b').length).toBe(3);
});

test('keeps unreadable pictures out of the identities, and lists them with other skipped files', () => {
  const set = createSet();
  set.add([], [{ file: 'notes.txt', reason: 'not an image' }]);
  set.settle('b/1.jpg', { unreadable: 'the file is empty' });
  expect(namesOf(set)).not.toContain('b');
  expect(set.labeledImages().map(({ id }) => id)).not.toContain('b/1.jpg');
  expect(set.unreadable()).toEqual([
    { file: 'notes.txt', reason: 'not an image' },
    { file: 'b/1.jpg', reason: 'the file is empty' },
  ]);
});

test('is inspected when every picture is settled', () => {
  const set = createSet();
  const ids = set.pictures.map(({ id }) => id);
  for (const id of ids.slice(1)) set.settle(id, found);
  expect(set.isInspected).toBe(false);
  set.settle(ids[0], { unreadable: 'damaged' });
  expect(set.isInspected).toBe(true);
});

test('ignores what an inspection finds of a removed picture', () => {
  const set = createSet();
  set.removePictures(['a/1.jpg']);
  set.settle('a/1.jpg', found);
  expect(set.get('a/1.jpg')).toBeUndefined();
});

test('removes identities and everything, and tells its listeners', () => {
  const set = createSet();
  const listener = vi.fn();
  set.onChange(listener);
  set.removeIdentity('a');
  expect(namesOf(set)).toEqual(['a9', 'a10', 'b']);
  set.clear();
  expect(set.pictures).toEqual([]);
  expect(listener).toHaveBeenCalledTimes(2);
});
