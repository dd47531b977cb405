// Reads what a loader needs to know of a library: ELF (Linux), Mach-O (macOS) and PE (Windows), 64 bits, little-endian.
import { createHash } from 'node:crypto';

/**
 * @typedef {object} BinaryFacts
 * @property {'linux' | 'darwin' | 'win32'} os
 * @property {string} cpu As in `process.arch`; the machine's number if it is another one.
 * @property {string[]} exports Names of the symbols that the library defines for others.
 * @property {string[]} libraries Libraries that the loader must find.
 * @property {string} [glibc] The oldest version of glibc that has all imported symbols.
 * @property {string} [macos] The oldest version of macOS that it is built for.
 * @property {boolean} [isSigned] Whether it has a signature of macOS that fits its bytes, by a certificate or without one.
 */

/** @returns {BinaryFacts} The facts of a library from its bytes. */
export function inspectBinary(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint32(0) === 0x7f454c46) return inspectElf(view);
  if (view.getUint32(0, true) === 0xfeedfacf) return inspectMachO(view);
  if (view.getUint16(0) === 0x4d5a) return inspectPe(view);
  throw new Error('the file is not a library of Linux, macOS or Windows with 64 bits');
}

function textAt(view, at) {
  let end = at;
  while (view.getUint8(end) !== 0) end++;
  return Buffer.from(view.buffer, view.byteOffset + at, end - at).toString('latin1');
}

const range = (count) => Array.from({ length: count }, (_, i) => i);

/** System V ABI, chapters 4 and 5, and the symbol versions of the Linux Standard Base. */
function inspectElf(view) {
  const u16 = (at) => view.getUint16(at, true);
  const u32 = (at) => view.getUint32(at, true);
  const u64 = (at) => Number(view.getBigUint64(at, true));
  const sections = range(u16(0x3c)).map((i) => {
    const at = u64(0x28) + i * u16(0x3a);
    return { type: u32(at + 4), offset: u64(at + 0x18), size: u64(at + 0x20), link: u32(at + 0x28) };
  });
  const tables = (type) =>
    sections
      .filter((section) => section.type === type)
      .map((section) => ({ ...section, text: (at) => textAt(view, sections[section.link].offset + at) }));
  const exports = tables(11).flatMap(({ offset, size, text }) =>
    range(size / 24)
      .map((i) => offset + 24 * i)
      // Defined here, and global or weak.
      .filter((at) => u16(at + 6) !== 0 && view.getUint8(at + 4) >> 4 !== 0)
      .map((at) => text(u32(at))),
  );
  const libraries = tables(6).flatMap(({ offset, size, text }) =>
    range(size / 16)
      .map((i) => offset + 16 * i)
      .filter((at) => u64(at) === 1)
      .map((at) => text(u64(at + 8))),
  );
  const versions = tables(0x6ffffffe).flatMap(({ offset, text }) => neededVersions(u16, u32, offset, text));
  const glibc = versions
    .flatMap((version) => /^GLIBC_([\d.]+)$/.exec(version)?.[1] ?? [])
    .sort(compareVersions)
    .at(-1);
  const cpu = { 62: 'x64', 183: 'arm64' }[u16(0x12)] ?? String(u16(0x12));
  return { os: 'linux', cpu, exports, libraries, ...(glibc && { glibc }) };
}

function neededVersions(u16, u32, offset, text) {
  const found = [];
  for (let at = offset, next = -1; next !== 0; at += next) {
    for (let entry = at + u32(at + 8), i = 0; i < u16(at + 2); i++, entry += u32(entry + 12)) {
      found.push(text(u32(entry + 8)));
    }
    next = u32(at + 12);
  }
  return found;
}

/** Compares versions such as 2.9 and 2.28. */
export function compareVersions(a, b) {
  const [left, right] = [a, b].map((version) => version.split('.').map(Number));
  return left[0] - right[0] || (left[1] ?? 0) - (right[1] ?? 0);
}

/** Apple's mach-o/loader.h and mach-o/nlist.h. */
function inspectMachO(view) {
  const u32 = (at) => view.getUint32(at, true);
  const facts = {
    os: 'darwin',
    cpu: { 16777223: 'x64', 16777228: 'arm64' }[u32(4)] ?? String(u32(4)),
    exports: [],
    libraries: [],
    isSigned: false,
  };
  for (let i = 0, at = 32; i < u32(16); i++, at += u32(at + 4)) {
    const command = u32(at) & 0x7fffffff;
    if (command === 0xc || command === 0x18) facts.libraries.push(textAt(view, at + u32(at + 8)));
    // The commands are LC_BUILD_VERSION, and LC_VERSION_MIN_MACOSX in older libraries.
    if (command === 0x32 || command === 0x24) {
      const version = u32(at + (command === 0x32 ? 12 : 8));
      facts.macos = `${version >> 16}.${(version >> 8) & 0xff}`;
    }
    if (command === 0x1d) facts.isSigned = isSignatureValid(view, u32(at + 8));
    if (command === 2) {
      const [symbols, count, strings] = [u32(at + 8), u32(at + 12), u32(at + 16)];
      for (let entry = symbols; entry < symbols + 16 * count; entry += 16) {
        const type = view.getUint8(entry + 4);
        // External, not private, defined in a section, and no debugging entry. C names begin with an underscore.
        if ((type & 0xff) === 0xf) facts.exports.push(textAt(view, strings + u32(entry)).replace(/^_/, ''));
      }
    }
  }
  return facts;
}

/** Compares the hashes of a signature's code directory with the pages that they are of (xnu's osfmk/kern/cs_blobs.h). */
function isSignatureValid(view, signature) {
  const u32 = (at) => view.getUint32(at);
  const directory = range(u32(signature + 8))
    .map((i) => signature + u32(signature + 16 + 8 * i))
    .find((at) => u32(at) === 0xfade0c02);
  if (directory === undefined) return false;
  const [hashes, count, end] = [16, 28, 32].map((offset) => u32(directory + offset));
  const [hashBytes, kind, , shift] = range(4).map((i) => view.getUint8(directory + 36 + i));
  const bytes = Buffer.from(view.buffer, view.byteOffset, view.byteLength);
  return range(count).every((page) => {
    const code = bytes.subarray(page << shift, Math.min((page + 1) << shift, end));
    const at = directory + hashes + page * hashBytes;
    const hash = createHash(kind === 1 ? 'sha1' : 'sha256')
      .update(code)
      .digest();
    return hash.subarray(0, hashBytes).equals(bytes.subarray(at, at + hashBytes));
  });
}

/** Microsoft's PE format: the optional header's first two directories. */
function inspectPe(view) {
  const u16 = (at) => view.getUint16(at, true);
  const u32 = (at) => view.getUint32(at, true);
  const header = u32(0x3c) + 4;
  const optional = header + 20;
  if (u16(optional) !== 0x20b) throw new Error('the library of Windows does not have 64 bits');
  const sections = range(u16(header + 2)).map((i) => optional + u16(header + 16) + 40 * i);
  const offsetOf = (address) => {
    const section = sections.find(
      (at) => address >= u32(at + 12) && address < u32(at + 12) + Math.max(u32(at + 8), u32(at + 16)),
    );
    if (section === undefined) throw new Error(`no section of the library has the address ${address}`);
    return address - u32(section + 12) + u32(section + 20);
  };
  const [exported, imported] = [u32(optional + 112), u32(optional + 120)];
  const exports = [];
  if (exported) {
    const table = offsetOf(exported);
    const names = offsetOf(u32(table + 32));
    for (let i = 0; i < u32(table + 24); i++) exports.push(textAt(view, offsetOf(u32(names + 4 * i))));
  }
  const libraries = [];
  if (imported) {
    for (let at = offsetOf(imported); u32(at + 12) !== 0; at += 20) {
      libraries.push(textAt(view, offsetOf(u32(at + 12))));
    }
  }
  const cpu = { 34404: 'x64', 43620: 'arm64' }[u16(header)] ?? String(u16(header));
  return { os: 'win32', cpu, exports, libraries };
}
