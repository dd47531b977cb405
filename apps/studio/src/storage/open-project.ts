import type { Inspector } from '../data/inspector.js';
import type { StudioState } from '../state/studio-state.js';
import { TEXTS } from '../texts.js';
import { hasStorage } from './opfs.js';
import { Project } from './project.js';
import { createProject, lastProject, listProjects, lockProject, type ProjectInfo } from './projects.js';
import { Writer } from './writer.js';

/**
 * Opens the wanted project, the last one, or a new one. A project that another tab has open is not opened again.
 * @param wanted Id of a project, from the address.
 * @returns Undefined if the browser stores nothing.
 */
export async function openProject(
  state: StudioState,
  inspector: Inspector,
  wanted: string | undefined,
): Promise<Project | undefined> {
  if (!(await hasStorage())) return undefined;
  const writer = new Writer();
  const info = await chooseProject(writer, wanted);
  return new Project(info, writer, state, inspector);
}

async function chooseProject(writer: Writer, wanted: string | undefined): Promise<ProjectInfo> {
  const projects = await listProjects();
  const first = wanted ?? lastProject();
  const ordered = [
    ...projects.filter(({ id }) => id === first),
    ...(wanted === undefined ? projects.filter(({ id }) => id !== first) : []),
  ];
  for (const project of ordered) if (await lockProject(project.id)) return project;
  const created = await createProject(writer, TEXTS.projects.defaultName(projects.length + 1));
  await lockProject(created.id);
  return created;
}
