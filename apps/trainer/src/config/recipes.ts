import { existsSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

// Beside the build; while the source itself runs, where the build copies them from.
const folder = ['./configs/', '../../../../configs/']
  .map((path) => fileURLToPath(new URL(path, import.meta.url)))
  .find((path) => existsSync(path));

/** The names of the configs that come along. */
export const recipeNames: readonly string[] = (folder ? readdirSync(folder) : [])
  .filter((file) => file.endsWith('.yaml'))
  .map((file) => file.slice(0, -'.yaml'.length))
  .sort();

/** The file of a config that comes along, or undefined where it has another name than theirs. */
export function recipeFile(name: string): string | undefined {
  return recipeNames.includes(name) ? `${folder}${name}.yaml` : undefined;
}
