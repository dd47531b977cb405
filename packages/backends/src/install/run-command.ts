import { spawn } from 'node:child_process';

/** Output and outcome of a command. */
export interface CommandResult {
  /** Whether it exited with status 0. */
  ok: boolean;
  /** Whether the command does not exist. */
  missing: boolean;
  stdout: string;
  stderr: string;
}

/** Runs a command without a shell and waits for its end. Never rejects: failures are in the result. */
export function runCommand(
  command: string,
  args: string[],
  options: { cwd?: string; env?: NodeJS.ProcessEnv; signal?: AbortSignal } = {},
): Promise<CommandResult> {
  return new Promise((resolve) => {
    const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
    const output = { stdout: '', stderr: '' };
    for (const stream of ['stdout', 'stderr'] as const) {
      child[stream].setEncoding('utf8').on('data', (text: string) => {
        output[stream] += text;
      });
    }
    child.on('error', (error: NodeJS.ErrnoException) => {
      resolve({ ok: false, missing: error.code === 'ENOENT', ...output, stderr: error.message });
    });
    child.on('close', (code, signal) => {
      if (signal) output.stderr += `\nterminated by ${signal}`;
      resolve({ ok: code === 0, missing: false, ...output });
    });
  });
}

/** Returns the last lines of a command's error output, for a message. */
export function errorOutput({ stdout, stderr }: CommandResult, lines = 6): string {
  const text = (stderr.trim() || stdout.trim()).split('\n').filter((line) => line.trim());
  return text.slice(-lines).join('\n') || 'it printed nothing';
}
