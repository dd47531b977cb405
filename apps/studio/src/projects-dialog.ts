import { showFailure } from './dom/failure-view.js';
import { getElement } from './dom/get-element.js';
import { h } from './dom/h.js';
import type { Project } from './storage/project.js';
import {
  createProject,
  deleteProject,
  isLocked,
  listProjects,
  type ProjectInfo,
  renameProject,
} from './storage/projects.js';
import { TEXTS } from './texts.js';

const texts = TEXTS.projects;

/** Connects the name of the project at the top, its state, and the dialog with all projects. */
export function startProjects(project: Project | undefined): void {
  const open = getElement<HTMLButtonElement>('project');
  const banner = getElement('not-stored');
  if (!project) {
    open.hidden = true;
    banner.hidden = false;
    banner.textContent = texts.noStorage;
    return;
  }
  const dialog = getElement<HTMLDialogElement>('projects');
  let { info } = project;
  const drawName = () => {
    getElement('project-name').textContent = info.name;
  };
  drawName();
  open.hidden = false;
  project.status.watch((status) => {
    getElement('project-status').textContent = texts.status[status.name];
    document.body.dataset['saved'] = status.name;
    showFailure(
      getElement('storage-failure'),
      status.name === 'failed'
        ? { title: texts.failed, message: status.error.message, hint: texts.failedHint, isBug: false }
        : undefined,
    );
  });

  const draw = async () => {
    const projects = await listProjects();
    const rows = await Promise.all(
      projects.map((listed) =>
        drawProject(listed, {
          isOpen: listed.id === info.id,
          rename: async (name) => {
            await renameProject(project.writer, listed, name);
            if (listed.id === info.id) info = { ...info, name };
            drawName();
            await draw();
          },
          remove: async () => {
            await deleteProject(listed.id);
            await draw();
          },
        }),
      ),
    );
    getElement('project-list').replaceChildren(...rows);
    const { usage = 0 } = await navigator.storage.estimate();
    getElement('project-usage').textContent = texts.usage((usage / 1e6).toFixed(1));
  };
  open.onclick = () => {
    dialog.showModal();
    void draw();
  };
  getElement('project-new').onclick = async () => {
    const { length } = await listProjects();
    goTo((await createProject(project.writer, texts.defaultName(length + 1))).id);
  };
  getElement('projects-close').onclick = () => dialog.close();
}

interface RowHandlers {
  isOpen: boolean;
  rename(name: string): Promise<void>;
  remove(): Promise<void>;
}

async function drawProject(
  { id, name, createdAt }: ProjectInfo,
  { isOpen, rename, remove }: RowHandlers,
): Promise<HTMLElement> {
  const isElsewhere = !isOpen && (await isLocked(id));
  const field = h('input', { value: name, 'aria-label': texts.name(name), disabled: isElsewhere });
  field.onchange = () => void rename(field.value.trim() || name);
  const open = h('button', { class: 'quiet small', type: 'button' }, texts.open);
  open.onclick = () => goTo(id);
  const drop = h(
    'button',
    { class: 'quiet small', type: 'button', 'aria-label': texts.deleteOf(name) },
    texts.delete,
  );
  drop.onclick = () => confirm(texts.confirmDelete(name)) && void remove();
  const created = new Date(createdAt).toLocaleDateString('en', { dateStyle: 'medium' });
  const state = isOpen ? texts.isOpen : isElsewhere ? texts.isElsewhere : texts.created(created);
  return h(
    'li',
    { class: isOpen ? 'current' : '' },
    h('div', {}, field, h('small', {}, state)),
    ...(isOpen || isElsewhere ? [] : [open, drop]),
  );
}

/** Opens a project. The page is loaded again, so that nothing of the open project remains. */
function goTo(id: string): void {
  location.assign(`${location.pathname}?project=${id}`);
}
