// Plain CommonJS: every package by its name.
const { dependencies } = require('./package.json');

for (const name of Object.keys(dependencies).filter((n) => n.startsWith('@unitsphere/'))) {
  if (Object.keys(require(name)).length === 0) throw new Error(`${name} exports nothing.`);
}
