/** Tests of the installer's parts and error messages. CI runs the whole installer to build the backend that it tests. */
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { temporaryPath } from '@unitsphere/core/disk';
import { zipSync } from 'fflate';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { checkBinding } from '../src/install/check-binding.js';
import { compileBinding, findCompiler } from '../src/install/compile-binding.js';
import { downloadWheel, findPython } from '../src/install/download-wheel.js';
import { InstallError, installNativeBackend } from '../src/install/index.js';
import { installNvidiaLibraries, nvidiaRequirements, pinnedNvidiaWheels } from '../src/install/nvidia.js';
import { NVIDIA_WHEELS } from '../src/install/nvidia-wheels.js';
import { checkIntegrity } from '../src/install/sources.js';
import { buildFolder } from '../src/install/staging.js';
import { unpackWheel } from '../src/install/unpack-wheel.js';
import { wheelFor } from '../src/install/wheels.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'unitsphere-install-'));
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

/** Expects an InstallError with a reason and a remedy. @returns Its message. */
async function installErrorOf(work: Promise<unknown> | (() => unknown)): Promise<string> {
  const error = await (async () => (typeof work === 'function' ? work() : work))().then(
    () => undefined,
    (e) => e,
  );
  expect(error).toBeInstanceOf(InstallError);
  expect(error.reason).not.toBe('');
  expect(error.remedy).not.toBe('');
  return error.message;
}

const sha256 = (data: Uint8Array | string, encoding: 'hex' | 'base64url' = 'hex') =>
  createHash('sha256').update(data).digest(encoding);

describe('the wheel', () => {
  test.each([
    ['node', 'linux', 'x64', /^tensorflow_cpu-.*manylinux.*x86_64\.whl$/],
    ['node', 'linux', 'arm64', /^tensorflow-.*aarch64\.whl$/],
    ['node', 'darwin', 'arm64', /^tensorflow-.*macosx.*arm64\.whl$/],
    ['cuda', 'linux', 'x64', /^tensorflow-.*manylinux.*x86_64\.whl$/],
  ] as const)('exists for %s on %s-%s', (backend, platform, arch, file) => {
    const wheel = wheelFor(backend, { platform, arch, musl: false });
    expect(wheel.file).toMatch(file);
    expect(wheel.file).toContain(`-${wheel.version}-`);
    expect(wheel.sha256).toMatch(/^[0-9a-f]{64}$/);
  });

  test.each([
    ['node', 'win32', 'x64', false],
    ['node', 'darwin', 'x64', false],
    ['node', 'linux', 'x64', true],
    ['cuda', 'linux', 'arm64', false],
    ['cuda', 'darwin', 'arm64', false],
  ] as const)('does not exist for %s on %s-%s, musl %s', async (backend, platform, arch, musl) => {
    expect(await installErrorOf(() => wheelFor(backend, { platform, arch, musl }))).toMatchSnapshot();
  });
});

describe('the download', () => {
  const content = Buffer.from('a wheel');
  const wheel = {
    project: 'tensorflow-cpu',
    version: '1.0',
    file: 'tensorflow_cpu-1.0-cp312-cp312-manylinux_2_27_x86_64.whl',
    sha256: sha256(content),
    bytes: { download: 7, unpacked: 7 },
  };

  async function index(listed: string, use: () => Promise<void>): Promise<void> {
    const server = createServer((request, response) => {
      if (request.url === '/simple/tensorflow-cpu/') {
        response.setHeader('content-type', 'application/vnd.pypi.simple.v1+json');
        response.end(JSON.stringify({ files: [{ filename: listed, url: '../../files/wheel' }] }));
      } else if (request.url === '/files/wheel') response.end(content);
      else response.writeHead(404).end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    vi.stubEnv('PIP_INDEX_URL', `http://127.0.0.1:${(server.address() as AddressInfo).port}/simple/`);
    try {
      await use();
    } finally {
      server.close();
    }
  }

  test('uses the index in PIP_INDEX_URL without pip', () =>
    index(wheel.file, async () => {
      const file = await downloadWheel(wheel, folder, undefined);
      expect(readFileSync(file)).toEqual(content);
    }));

  test('refuses a file with another SHA-256', () =>
    index(wheel.file, async () => {
      const other = { ...wheel, sha256: sha256('another') };
      expect(await installErrorOf(downloadWheel(other, folder, undefined))).toMatch(
        /is not the expected file: its SHA-256 is [0-9a-f]{64}, not [0-9a-f]{64}\. Run the command again/,
      );
    }));

  test('reports a file that the index does not list', () =>
    index('other.whl', async () => {
      expect(await installErrorOf(downloadWheel(wheel, folder, undefined))).toMatch(
        /does not list tensorflow_cpu-1\.0.*Install Python with pip/s,
      );
    }));

  test('reports that neither pip nor PIP_INDEX_URL is available', async () => {
    vi.stubEnv('PIP_INDEX_URL', undefined);
    expect(await installErrorOf(downloadWheel(wheel, folder, undefined))).toMatch(
      /Python with pip is not installed, and PIP_INDEX_URL is not set\..*Install Python with pip/s,
    );
  });

  test('reports a failed connection', async () => {
    vi.stubEnv('PIP_INDEX_URL', 'http://127.0.0.1:9/simple');
    expect(await installErrorOf(downloadWheel(wheel, folder, undefined))).toMatch(
      /could not be downloaded \(fetch failed.*--wheel tensorflow_cpu-1\.0/s,
    );
  });

  test("passes the wheel's tags and hash to pip, and reports pip's error output", async () => {
    const python = join(folder, 'python3');
    writeFileSync(
      python,
      `#!/bin/sh\necho "$@" > ${folder}/asked\necho "ERROR: no matching distribution" >&2\nexit 1\n`,
      {
        mode: 0o755,
      },
    );
    expect(await installErrorOf(downloadWheel(wheel, folder, python))).toMatch(
      /pip could not download .*ERROR: no matching distribution.*pip config list/s,
    );
    expect(readFileSync(join(folder, 'asked'), 'utf8')).toMatch(
      /--require-hashes.*--python-version=3\.12 --abi=cp312 --platform=manylinux_2_27_x86_64/,
    );
    expect(readFileSync(join(folder, 'requirements.txt'), 'utf8')).toBe(
      `tensorflow-cpu==1.0 --hash=sha256:${wheel.sha256}\n`,
    );
  });
});

describe('unpackWheel', () => {
  const files: Record<string, string> = {
    'tensorflow/libtensorflow_cc.so.2': 'cc'.repeat(5000),
    'tensorflow/libtensorflow_framework.so.2': 'framework',
    'tensorflow/include/tensorflow/c/c_api.h': '#include "x.h"',
    'tensorflow/include/tsl/platform/ctstring.h': '// string',
    'tensorflow/python/big.so': 'not unpacked',
  };

  function wheel(contents: Record<string, string>, recorded = contents): string {
    const record = Object.entries(recorded).map(
      ([name, text]) => `${name},sha256=${sha256(text, 'base64url')},${text.length}`,
    );
    const all = {
      ...contents,
      't-1.dist-info/RECORD': record.join('\n'),
      't-1.dist-info/METADATA': 'Name: t\n',
    };
    const path = join(folder, 't.whl');
    writeFileSync(
      path,
      zipSync(Object.fromEntries(Object.entries(all).map(([n, t]) => [n, Buffer.from(t)])), { level: 1 }),
    );
    return path;
  }

  test('unpacks only the library and its headers', async () => {
    const { libraries, include, metadata } = await unpackWheel(wheel(files), folder);
    expect(readdirSync(libraries).sort()).toEqual([
      'include',
      'libtensorflow_cc.so.2',
      'libtensorflow_framework.so.2',
    ]);
    expect(readFileSync(join(libraries, 'libtensorflow_cc.so.2'), 'utf8')).toBe('cc'.repeat(5000));
    expect(existsSync(join(include, 'tensorflow/c/c_api.h'))).toBe(true);
    expect(metadata).toBe('Name: t\n');
  });

  test('refuses a damaged file', async () => {
    const damaged = wheel({ ...files, 'tensorflow/libtensorflow_framework.so.2': 'framewark' }, files);
    expect(await installErrorOf(unpackWheel(damaged, folder))).toContain(
      'libtensorflow_framework.so.2 is damaged',
    );
  });

  test('refuses a METADATA that does not fit into memory, and entries that lie about their size', async () => {
    const large = wheel({ ...files, 'u-1.dist-info/METADATA': 'x'.repeat(65e6) });
    expect(await installErrorOf(unpackWheel(large, folder))).toContain(
      'its METADATA has 65 MB, as in no wheel',
    );
    const path = wheel(files);
    const bytes = readFileSync(path);
    // The uncompressed size in the central directory.
    const at = bytes.lastIndexOf(Buffer.from('t-1.dist-info/METADATA')) - 22;
    bytes.writeUInt32LE(3, at);
    writeFileSync(path, bytes);
    expect(await installErrorOf(unpackWheel(path, folder))).toContain(
      't.whl cannot be used: it is damaged (',
    );
  });

  test('refuses another wheel, and a file that is not a wheel', async () => {
    expect(await installErrorOf(unpackWheel(wheel({ 'a.py': '' }), folder))).toContain(
      'it does not contain libtensorflow_cc',
    );
    writeFileSync(join(folder, 'x.whl'), 'x');
    expect(await installErrorOf(unpackWheel(join(folder, 'x.whl'), folder))).toContain(
      'x.whl cannot be used: it is not a zip file',
    );
  });
});

test('a tarball with another hash is refused before it is unpacked', async () => {
  const file = join(folder, 'tfjs-node.tgz');
  writeFileSync(file, 'tarball');
  const integrity = `sha512-${createHash('sha512').update('tarball').digest('base64')}`;
  await checkIntegrity(file, integrity, 'tfjs-node@4');
  writeFileSync(file, 'torball');
  expect(await installErrorOf(checkIntegrity(file, integrity, 'tfjs-node@4'))).toMatch(
    /^npm fetched another file than tfjs-node@4: its hash is sha512-.*, not sha512-.*npm config list/,
  );
});

describe('the compiler', () => {
  test('is reported with the command that installs one, if it is missing', async () => {
    expect(await installErrorOf(findCompiler({ PATH: folder }))).toMatch(
      /^No C\+\+ compiler is installed\. Install one: .+/,
    );
    expect(await installErrorOf(findCompiler({ PATH: folder, CXX: 'no-such-c++' }))).toContain(
      '"no-such-c++" in CXX does not run',
    );
  });

  test('is reported with its error output, if it fails', async () => {
    const broken = {
      command: [process.execPath, '-e', 'console.error("x.h: no such file"); process.exit(1)', '--'],
      version: '',
    };
    const sources = { tfjsNode: folder, headers: folder };
    const unpacked = { libraries: folder, include: folder, metadata: '' };
    expect(await installErrorOf(compileBinding(broken, sources, unpacked, join(folder, 'b.node')))).toMatch(
      /could not compile tfjs-node's binding:\nx\.h: no such file\n.*GCC 8/s,
    );
  });

  test('is required before anything is downloaded', async () => {
    vi.stubEnv('XDG_CACHE_HOME', folder);
    vi.stubEnv('CXX', 'no-such-c++');
    expect(await installErrorOf(installNativeBackend('node'))).toContain('"no-such-c++"');
    expect(readdirSync(folder)).toEqual([]);
  });
});

test('a binding that does not load is reported with the message of the linker', async () => {
  const file = join(folder, 'b.node');
  writeFileSync(file, 'not a library');
  expect(await installErrorOf(checkBinding(file))).toMatch(
    /^The binding was built but does not run here:\n.*b\.node/s,
  );
});

test('cuda without a GPU is refused before anything is downloaded', async () => {
  vi.stubEnv('XDG_CACHE_HOME', folder);
  vi.stubEnv('PATH', `${folder}:/usr/bin:/bin`);
  writeFileSync(join(folder, 'nvidia-smi'), '#!/bin/sh\nexit 9\n', { mode: 0o755 });
  expect(await installErrorOf(installNativeBackend('cuda'))).toMatch(
    /^nvidia-smi reports no GPU here\. .*--without-gpu$/,
  );
});

test("the NVIDIA requirements are those of the wheel's extra and-cuda", () => {
  const metadata = [
    'Requires-Dist: numpy>=1.26.0',
    'Requires-Dist: nvidia-cublas-cu12<13.0,>=12.5.3.2; extra == "and-cuda"',
    "Requires-Dist: nvidia-cudnn-cu12 (<10.0,>=9.3.0.75) ; extra == 'and-cuda'",
    'Requires-Dist: nvidia-other; extra == "rocm"',
  ].join('\n');
  expect(nvidiaRequirements(metadata)).toEqual([
    'nvidia-cublas-cu12<13.0,>=12.5.3.2',
    'nvidia-cudnn-cu12<10.0,>=9.3.0.75',
  ]);
});

describe('the NVIDIA libraries', () => {
  const metadata = NVIDIA_WHEELS.map(
    ({ requirement }) => `Requires-Dist: ${requirement}; extra == "and-cuda"\n`,
  );

  test('each have a version in the required range, and a SHA-256', () => {
    expect(pinnedNvidiaWheels(metadata.join(''))).toBe(NVIDIA_WHEELS);
    expect(new Set(NVIDIA_WHEELS.map(({ project }) => project)).size).toBe(NVIDIA_WHEELS.length);
    const compare = (a: string, b: string) => a.localeCompare(b, 'en', { numeric: true });
    for (const { requirement, project, version, sha256 } of NVIDIA_WHEELS) {
      const [, name, below, from] = /^([\w-]+)<([\d.]+),>=([\d.]+)$/.exec(requirement) as string[];
      expect(name).toBe(project);
      expect(compare(version, from), requirement).toBeGreaterThanOrEqual(0);
      expect(compare(version, below), requirement).toBeLessThan(0);
      expect(sha256).toMatch(/^[0-9a-f]{64}$/);
    }
  });

  test('are refused if the wheel requires others', async () => {
    const other = [...metadata.slice(1), 'Requires-Dist: nvidia-cublas-cu13>=13; extra == "and-cuda"\n'];
    expect(await installErrorOf(() => pinnedNvidiaWheels(other.join('')))).toMatch(
      /requires other NVIDIA libraries than those whose SHA-256 this version knows: nvidia-cublas-cu13>=13\./,
    );
    expect(await installErrorOf(() => pinnedNvidiaWheels(metadata.slice(1).join('')))).toContain(
      'requires other NVIDIA libraries',
    );
  });

  test('are installed by pip only if their SHA-256 is the pinned one', async (context) => {
    const python = await findPython();
    if (!python) return context.skip('Python with pip is not installed');
    const info = 'nvidia_test-1.0.dist-info';
    const files = {
      'nvidia/test/lib/libtest.so': 'library',
      [`${info}/METADATA`]: 'Metadata-Version: 2.1\nName: nvidia-test\nVersion: 1.0\n',
      [`${info}/WHEEL`]: 'Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n',
      [`${info}/RECORD`]: `nvidia/test/lib/libtest.so,,\n${info}/METADATA,,\n${info}/WHEEL,,\n${info}/RECORD,,\n`,
    };
    const wheel = zipSync(
      Object.fromEntries(Object.entries(files).map(([name, text]) => [name, Buffer.from(text)])),
    );
    const links = join(folder, 'links');
    mkdirSync(links);
    writeFileSync(join(links, 'nvidia_test-1.0-py3-none-any.whl'), wheel);
    vi.stubEnv('PIP_NO_INDEX', '1');
    vi.stubEnv('PIP_FIND_LINKS', links);
    const target = join(folder, 'target');
    mkdirSync(target);
    const pinned = { requirement: '', project: 'nvidia-test', version: '1.0' };
    const other = [{ ...pinned, sha256: sha256('another') }];
    expect(await installErrorOf(installNvidiaLibraries(python, target, other))).toMatch(
      /pip could not fetch NVIDIA's libraries:.*serves another file; check pip config list\.$/s,
    );
    expect(readdirSync(target)).toEqual([]);
    await installNvidiaLibraries(python, target, [{ ...pinned, sha256: sha256(wheel) }]);
    expect(readFileSync(join(target, 'nvidia/test/lib/libtest.so'), 'utf8')).toBe('library');
  });
});

describe('the final folder', () => {
  const target = () => join(folder, 'native', 'node-test');
  const build = (text: string) => async (staging: string) => writeFileSync(join(staging, 'file'), text);

  test('keeps the old installation until the new one is complete, and a failure leaves nothing', async () => {
    await buildFolder(target(), 1, build('first'));
    const failed = buildFolder(target(), 1, async (staging) => {
      await build('second')(staging);
      throw new Error('stopped');
    });
    await expect(failed).rejects.toThrow('stopped');
    expect(readFileSync(join(target(), 'file'), 'utf8')).toBe('first');
    await buildFolder(target(), 1, build('third'));
    expect(readFileSync(join(target(), 'file'), 'utf8')).toBe('third');
    expect(readdirSync(join(folder, 'native'))).toEqual(['node-test']);
  });

  test('deletes what a killed run left behind, and keeps what a running process builds', async () => {
    const alive = temporaryPath(target());
    const dead = alive.replace(`-${process.pid}-`, '-99999999-');
    for (const path of [dead, alive]) mkdirSync(path, { recursive: true });
    await buildFolder(target(), 1, build('new'));
    expect([existsSync(dead), existsSync(alive)]).toEqual([false, true]);
  });

  test('requires free disk space and a writable folder', async () => {
    expect(await installErrorOf(buildFolder(target(), 1e18, build('')))).toMatch(
      /has [\d.]+ GB of free disk space; the installation requires 1000000000\.0 GB\..*XDG_CACHE_HOME/,
    );
    const full = buildFolder(target(), 1, async () => {
      throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
    });
    expect(await installErrorOf(full)).toContain('cannot be written: the disk is full. Free some');
    writeFileSync(join(folder, 'file'), '');
    expect(await installErrorOf(buildFolder(join(folder, 'file', 'native', 'node'), 1, build('')))).toMatch(
      /cannot be written: a part of the path is not a folder\. Set XDG_CACHE_HOME/,
    );
  });
});
