import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { compareVersions, inspectBinary } from './inspect-binary.mjs';
import { binaryName, GLIBC, MACOS, releasedTargets } from './targets.mjs';

/** The size budget of a binary in its tarball: 20 % above the largest one. */
const MOST_PACKED_BYTES = 1_000_000;
/** Libraries that every installation of the system has. Node.js itself loads libgcc_s on Linux. */
const SYSTEM_LIBRARIES = {
  glibc: /^(libc\.so\.6|libm\.so\.6|libdl\.so\.2|libpthread\.so\.0|libgcc_s\.so\.1|ld-linux-[\w-]+\.so\.\d)$/,
  musl: /^(libc\.so|libgcc_s\.so\.1)$/,
  darwin: /^\/usr\/lib\/(libSystem\.B|libiconv\.2|libcharset\.1)\.dylib$/,
  win32:
    /^(kernel32|ntdll|ucrtbase|bcryptprimitives|api-ms-win-[\w-]+|msvcrt|ws2_32|userenv|advapi32)\.dll$/i,
};

/** @typedef {import('./inspect-binary.mjs').BinaryFacts & {bytes: number, packedBytes: number}} Facts */

/**
 * Checks a target's binary as far as it can be without its system.
 * @param {{os: string, cpu: string, libc?: string}} target
 * @param {string} file
 * @returns {{facts: Facts, problems: string[]}} What it is, and how it differs from what its users need.
 */
export function checkBinary({ os, cpu, libc }, file) {
  const bytes = readFileSync(file);
  const facts = inspectBinary(bytes);
  const packedBytes = gzipSync(bytes, { level: 9 }).length;
  const foreign = facts.libraries.filter((name) => !SYSTEM_LIBRARIES[libc ?? os].test(name));
  const problems = [
    ...(facts.os === os && facts.cpu === cpu
      ? []
      : [`is for ${facts.os} on ${facts.cpu} instead of ${os} on ${cpu}`]),
    ...(facts.exports.includes('napi_register_module_v1')
      ? []
      : ['does not export napi_register_module_v1, which Node.js calls']),
    ...(foreign.length > 0 ? [`requires ${foreign.join(', ')}, which a system may lack`] : []),
    ...(facts.glibc && compareVersions(facts.glibc, GLIBC) > 0
      ? [`requires glibc ${facts.glibc}, but Node.js supports ${GLIBC}`]
      : []),
    ...(facts.macos && compareVersions(facts.macos, MACOS) > 0
      ? [`requires macOS ${facts.macos}, but Node.js supports ${MACOS}`]
      : []),
    ...(facts.isSigned === false && cpu === 'arm64'
      ? ['has no valid signature, without which macOS on arm64 loads no code']
      : []),
    ...(packedBytes > MOST_PACKED_BYTES
      ? [`has ${packedBytes} bytes packed, above the budget of ${MOST_PACKED_BYTES}`]
      : []),
  ];
  return { facts: { ...facts, bytes: bytes.length, packedBytes }, problems };
}

/**
 * Describes a binary's facts in one line.
 * @param {Facts} facts
 */
export function describeFacts({ cpu, libraries, glibc, macos, bytes, packedBytes }) {
  const system = [...(glibc ? [`glibc ${glibc}`] : []), ...(macos ? [`macOS ${macos}`] : [])];
  const sizes = `${(bytes / 1e6).toFixed(2)} MB, ${(packedBytes / 1e6).toFixed(2)} MB packed`;
  return [cpu, ...system, sizes, `loads ${libraries.join(', ') || 'nothing'}`].join('; ');
}

/** Returns a line for each released platform whose binary is missing from a folder or faulty. */
export function releaseProblems(binaries) {
  return releasedTargets().flatMap((target) => {
    const file = join(binaries, binaryName(target.platform));
    if (!existsSync(file)) return [`${target.platform} is not built. Run npm run build:native -- --all.`];
    return checkBinary(target, file).problems.map((problem) => `${target.platform} ${problem}.`);
  });
}
