/** The browser of the tests: Debian's Chromium, or the one that CHROMIUM_PATH names. */
export const executablePath = process.env['CHROMIUM_PATH'] ?? '/usr/bin/chromium';

/** Arguments of every browser: no sandbox, because CI runs as root, and no requests of its own. */
export const QUIET = ['--no-sandbox', '--disable-quic', '--no-first-run', '--disable-background-networking'];

/** Arguments for WebGPU. Without a graphics card, Chromium offers its software adapter SwiftShader only with these. */
export const GPU = ['--enable-unsafe-webgpu', '--enable-unsafe-swiftshader'];
