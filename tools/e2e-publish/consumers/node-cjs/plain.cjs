// Requires every package from plain CommonJS.
const { dependencies } = require('./package.json');

for (const name of Object.keys(dependencies).filter((n) => n.startsWith('@unitsphere/'))) {
  if (Object.keys(require(name)).length === 0) throw new Error(`${name} exports nothing.`);
}
