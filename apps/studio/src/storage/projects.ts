import { listNames, readWhole, remove } from './opfs.js';
import { decodeParts, encodeParts } from './parts.js';
import { FILES, PROJECTS, type ProjectRecord, pathOf } from './project-files.js';
import type { Writer } from './writer.js';

/** A project in the list. */
export interface ProjectInfo extends ProjectRecord {
  readonly id: string;
}

/** The key of the project that was open last, in the browser's local storage. */
const LAST = 'unitsphere-studio-project';

/** Returns all projects, newest first. Those without a readable record are left out. */
export async function listProjects(): Promise<ProjectInfo[]> {
  const ids = await listNames([PROJECTS]);
  const found = await Promise.all(ids.map(readProject));
  return found.flatMap((project) => project ?? []).sort((a, b) => (a.createdAt < b.createdAt ? 1 : -1));
}

async function readProject(id: string): Promise<ProjectInfo | undefined> {
  const bytes = await readWhole(pathOf(id), FILES.project);
  return bytes && { id, ...decodeParts<ProjectRecord>(bytes).values };
}

/** Creates an empty project. */
export async function createProject(writer: Writer, name: string): Promise<ProjectInfo> {
  const project = { id: crypto.randomUUID(), name, createdAt: new Date().toISOString() };
  await renameProject(writer, project, name);
  return project;
}

/** Gives a project another name. */
export async function renameProject(
  writer: Writer,
  { id, createdAt }: ProjectInfo,
  name: string,
): Promise<void> {
  const record: ProjectRecord = { name, createdAt };
  await writer.write(pathOf(id), FILES.project, encodeParts(record), true);
}

/** Deletes a project with everything in it. */
export async function deleteProject(id: string): Promise<void> {
  await remove([PROJECTS], id);
}

/** Takes a project for this tab. @returns Whether no other tab has it. The lock ends with the tab. */
export async function lockProject(id: string): Promise<boolean> {
  // A tab that was closed a moment ago may still hold its lock.
  const signal = AbortSignal.timeout(1500);
  return new Promise((resolve) => {
    navigator.locks
      .request(`unitsphere-studio/${id}`, { signal }, () => {
        resolve(true);
        return new Promise(() => {});
      })
      .catch(() => resolve(false));
  });
}

/** Returns whether a tab has a project open. */
export async function isLocked(id: string): Promise<boolean> {
  const { held = [] } = await navigator.locks.query();
  return held.some(({ name }) => name === `unitsphere-studio/${id}`);
}

export const lastProject = () => localStorage.getItem(LAST) ?? undefined;

export function rememberProject(id: string): void {
  localStorage.setItem(LAST, id);
}
