/** Prints one line per check, followed by its problems, and ends the process, with status 1 if there are problems. */
export function reportAll(checks) {
  for (const { name, problems } of checks) {
    console.log(`${problems ? '✗' : '✓'} ${name}`);
    if (problems) console.log(problems);
  }
  process.exit(checks.some(({ problems }) => problems) ? 1 : 0);
}
