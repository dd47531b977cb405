import { spawn } from 'node:child_process';

/** What a command wrote and how it ended; `missing` when there is no such command. */
export interface CommandResult {
  ok: boolean;
  missing: boolean;
  stdout: string;
  stderr: string;
}

/** Runs a command to its end without a shell. Never throws for what the command does. */
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
      if (signal) output.stderr += `\nended by ${signal}`;
      resolve({ ok: code === 0, missing: false, ...output });
    });
  });
}

/** The end of what a command complained, short enough for a message. */
export function complaint({ stdout, stderr }: CommandResult, lines = 6): string {
  const text = (stderr.trim() || stdout.trim()).split('\n').filter((line) => line.trim());
  return text.slice(-lines).join('\n') || 'it said nothing';
}
