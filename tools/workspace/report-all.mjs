/** Prints checks one a line, problems below theirs, and ends the process: with 1 where there are problems. */
export function reportAll(checks) {
  for (const { name, problems } of checks) {
    console.log(`${problems ? '✗' : '✓'} ${name}`);
    if (problems) console.log(problems);
  }
  process.exit(checks.some(({ problems }) => problems) ? 1 : 0);
}
