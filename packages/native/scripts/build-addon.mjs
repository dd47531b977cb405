// npm run build:native: compiles the addon with cargo, into binaries/. Skipped where cargo is absent.
//   node scripts/build-addon.mjs [TARGET…]   for this machine, or for targets of rustc such as aarch64-unknown-linux-gnu
//   node scripts/build-addon.mjs --all       for every released platform, and makes the platform packages in npm/
// Other targets than this machine's need `rustup target add TARGET` and cargo-zigbuild, whose compiler and linker is Zig:
// `pip install cargo-zigbuild ziglang`. With --all, this machine's target needs them, too, for an old glibc.
import { relative } from 'node:path';
import { checkBinary, describeFacts } from './check-binary.mjs';
import { compileAddon, hostTarget, missingFor, packageFolder } from './compile.mjs';
import { stagePackages } from './stage-packages.mjs';
import { findTarget, releasedTargets } from './targets.mjs';

const host = hostTarget();
const words = process.argv.slice(2);
try {
  if (words.includes('--all')) buildAll();
  else if (words.length > 0) for (const word of words) build(findTarget(word), host);
  else if (host) build(findTarget(host), host);
  else console.log(`build:native: ${missingFor({}, host)} The WebAssembly kernels are used.`);
} catch (error) {
  console.error(`build:native: ${error.message}`);
  process.exit(1);
}

function build(target, from) {
  const missing = missingFor(target, from);
  if (missing) throw new Error(`${target.target} cannot be built: ${missing}`);
  return compileAddon(target, from);
}

/** Builds what this machine can, and names the rest. A binary that its users could not load is an error. */
function buildAll() {
  // Cross-compiled without exception: the host's linker would require the host's glibc.
  const targets = releasedTargets().map((target) => ({ ...target, missing: missingFor(target, host, true) }));
  const faults = [];
  for (const { missing, ...target } of targets) {
    if (missing) continue;
    try {
      const { facts, problems } = checkBinary(target, compileAddon(target, host, true));
      console.log(`${target.platform}: ${describeFacts(facts)}`);
      faults.push(...problems.map((problem) => `${target.platform} ${problem}`));
    } catch (error) {
      faults.push(error.message);
    }
  }
  for (const { platform, missing } of targets) if (missing) console.log(`${platform}: not built. ${missing}`);
  if (faults.length > 0) throw new Error(faults.join('\n'));
  for (const { folder } of stagePackages()) console.log(relative(packageFolder, folder));
}
