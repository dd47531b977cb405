import { CameraDialog } from './camera/camera-dialog.js';
import { startDataStep } from './data/data-step.js';
import { Inspector } from './data/inspector.js';
import { getElement } from './dom/get-element.js';
import { type Step, startRouter } from './dom/router.js';
import { Thumbnails } from './dom/thumbnails.js';
import { keepOffline } from './offline/keep-offline.js';
import { startProjects } from './projects-dialog.js';
import { Recognizer } from './recognize/recognizer.js';
import { StudioState } from './state/studio-state.js';
import { Value } from './state/value.js';
import { openProject } from './storage/open-project.js';
import { startTakeStep } from './take/take-step.js';

// The query sets the form, for tests and links: ?preset=short&backend=wasm&set=training.steps=20&start
const query = new URLSearchParams(location.search);
const state = new StudioState();
const inspector = new Inspector(state.pictures);
const thumbnails = new Thumbnails(state.pictures);
const camera = new CameraDialog((identity, image) => {
  inspector.inspect(state.pictures.add([{ identity, image, id: `${identity}/camera.jpg` }]));
});
const recognizer = new Recognizer();

if (query.has('preset')) state.source.set('generator');
startDataStep({ state, inspector, thumbnails, camera });
startTakeStep(state, recognizer);
getElement('insecure').hidden = isSecureContext;
const shown = new Value<Step>('data');
startRouter(query.has('preset') ? 'train' : 'data', (step) => shown.set(step));
document.body.dataset['opened'] = '';

void openRest();

/**
 * Opens the project and the other steps, while the first one can be used. Not awaited at the top: a part that imports this module
 * would wait for it forever.
 */
async function openRest(): Promise<void> {
  const project = await openProject(state, inspector, query.get('project') ?? undefined);
  startProjects(project);
  const stored = await project?.open(inspector);

  // Loaded after the first step, which can be used meanwhile: these come with the report's plots.
  const [{ TrainStep }, { TryStep }, { startLoading }] = await Promise.all([
    import('./train/train-step.js'),
    import('./recognize/try-step.js'),
    import('./take/load/load-view.js'),
  ]);
  const train = new TrainStep(state, project);
  train.form.read(query);
  if (stored) await train.restore(stored);
  const tryStep = new TryStep({ state, thumbnails, camera, recognizer, project });
  if (project?.gallery) tryStep.restore(project.gallery);
  startLoading({ state, recognizer, project, onGallery: (gallery) => tryStep.take(gallery) });
  shown.watch((step) => {
    if (step === 'train') void train.form.drawPlan();
    if (step !== 'try') tryStep.leave();
  });
  if (query.has('start')) getElement<HTMLFormElement>('controls').requestSubmit();
  document.body.dataset['restored'] = '';
  // The development server has no service worker.
  if (import.meta.env.MODE !== 'development') void keepOffline();
}
