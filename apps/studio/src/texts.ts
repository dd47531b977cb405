/** All texts of the page. index.html names them as {{path}}; functions format values. */

const number = (value: number) => value.toLocaleString('en');
const count = (value: number, one: string, several = `${one}s`) =>
  `${number(value)} ${value === 1 ? one : several}`;

export const TEXTS = {
  page: {
    title: 'unitsphere studio',
    description:
      'Train a recognizer on your own pictures in your browser, on WebGPU or WebAssembly. Nothing is uploaded.',
    brand: 'unitsphere',
    brandAddition: 'studio',
    skip: 'Skip to the content',
    steps: 'Steps',
    footer: 'Everything runs in your browser. Pictures and models never leave this device.',
    insecure:
      'This page is served without https, so the browser withholds the camera, WebGPU and checksums of pictures. Open it over https, or from localhost.',
    workerFailed: 'A part of the page failed',
    scriptMissing: 'Its script could not be loaded.',
    reload: 'Reload the page. It requires a browser from 2023 or later.',
  },
  data: {
    name: 'Data',
    title: 'What should it recognize?',
    lead: 'Add pictures of the cards, documents, products or other things that you want to tell apart. A folder per identity is easiest: its name becomes the name of the identity.',
    source: 'Source of the data',
    pictures: 'My pictures',
    picturesAbout: 'A folder, a zip file, or your camera',
    generator: 'Generated documents',
    generatorAbout: 'Drawn in this page, to see a training at work',
    none: 'No data yet',
    noneAbout: 'Start with the shipped model and try it',
    drop: 'Drop a folder, a zip file or pictures here',
    dropAbout:
      'Each subfolder is an identity. JPEG, PNG, WebP, GIF, AVIF and PNM; two or more pictures of each are best.',
    chooseFolder: 'Choose a folder',
    chooseFiles: 'Choose pictures or a zip',
    camera: 'Use the camera',
    clear: 'Remove all',
    confirmClear: 'Remove all pictures from this page? The files on your disk stay.',
    reading: (name: string) => `Reading ${name} …`,
    checking: (done: number, total: number) => `Checking pictures: ${number(done)} of ${number(total)}`,
    summary: (pictures: number, identities: number) =>
      `${count(pictures, 'picture')} of ${count(identities, 'identity', 'identities')}`,
    identities: 'Identities',
    identityName: (name: string) => `Name of identity ${name}`,
    pictureCount: (pictures: number) => count(pictures, 'picture'),
    select: (name: string) => `Select ${name}`,
    merge: 'Merge selected',
    mergeHint: 'Select two or more identities that are the same.',
    merged: (names: readonly string[], into: string) => `Merged ${names.join(' and ')} into ${into}.`,
    renamed: (from: string, to: string) => `Renamed ${from} to ${to}.`,
    remove: (name: string) => `Remove ${name}`,
    removed: (name: string) => `Removed ${name}.`,
    removePicture: (id: string) => `Remove picture ${id}`,
    addByCamera: (name: string) => `Take pictures of ${name}`,
    picture: (identity: string, index: number) => `${identity}, picture ${index + 1}`,
    more: (hidden: number) => `Show ${number(hidden)} more`,
    fewer: 'Show fewer',
    unreadable: (files: number) => `${count(files, 'file')} could not be read`,
    duplicates: (groups: number) =>
      `${count(groups, 'picture')} ${groups === 1 ? 'is' : 'are'} there more than once`,
    duplicatesAbout:
      'Copies in several identities make them look alike. Keep one of each, or merge the identities.',
    identical: 'same file',
    nearIdentical: 'same picture',
    keepFirst: 'Keep the first',
    split: 'Split for the training',
    splitAbout:
      'Identities are either trained on or held out, never both, so the figures are about identities that the model has not seen.',
    train: 'Train',
    validation: 'Validate',
    test: 'Held out',
    tooFew: (identities: number) =>
      `A training requires at least 6 identities; there ${identities === 1 ? 'is' : 'are'} ${number(identities)}. The shipped model recognizes yours without a training: continue with Try.`,
    samples: 'Some of the documents that the training draws',
    generatorNote:
      'The generator draws cards, tickets, invoices and passports, fills them in and photographs each differently every time.',
    noneNote:
      'The shipped model recognizes cards and documents from one picture each. It was trained on composed cards and on no real document. Continue with Try, and add what it should know there.',
    nextTrain: 'Continue with Train',
    nextTry: 'Try the shipped model',
    empty: 'no pictures yet',
    generatorStatus: 'generated documents',
    noneStatus: 'shipped model',
    noImages: 'There are no pictures in what you added.',
    noImagesHint: 'Add JPEG, PNG, WebP, GIF, AVIF or PNM files, in folders or in a zip file.',
    zipDamaged: (name: string) => `${name} cannot be read as a zip file`,
    zipHint: 'Zip the folder again, without a password.',
    zipTooLarge: (name: string) => `${name} is too large for this page when unpacked (more than 2 GB)`,
    zipTooLargeHint: 'Unpack it and choose the folder: files of a folder are read one at a time.',
    folderDenied: 'The browser did not open the folder',
  },
  projects: {
    title: 'Projects',
    about: 'A project has its own pictures, training and gallery. Everything stays in this browser.',
    change: 'Projects',
    new: 'New project',
    close: 'Close',
    open: 'Open',
    delete: 'Delete',
    name: (name: string) => `Name of project ${name}`,
    deleteOf: (name: string) => `Delete ${name}`,
    confirmDelete: (name: string) => `Delete ${name} with its pictures, models and gallery?`,
    defaultName: (n: number) => `Project ${number(n)}`,
    isOpen: 'open here',
    isElsewhere: 'open in another tab',
    created: (date: string) => `created ${date}`,
    usage: (megabytes: string) => `${megabytes} MB are stored in this browser.`,
    status: { saved: 'saved', saving: 'saving …', failed: 'not saved' },
    failed: 'The browser could not store the project',
    failedHint:
      'Free some disk space or delete a project. Until then, what you add remains only as long as this page is open.',
    noStorage:
      'This browser stores nothing for this page, for example in a private window or without https. Download what you want to keep before you close it.',
  },
  load: {
    title: 'Load back',
    about:
      'A model folder or a gallery that was taken from here. A gallery is for the model that it was made with.',
    model: 'Load a model folder (zip)',
    gallery: 'Load a gallery',
    loading: 'Loading …',
    folder: 'model folder',
    modelLoaded: (name: string) => `${name} is loaded. Step Try offers it.`,
    galleryLoaded: (name: string, identities: number) =>
      `${name} is loaded, with ${count(identities, 'identity', 'identities')}. Continue with Try.`,
    incomplete: (files: readonly string[]) => `The model folder has no ${files.join(', ')}`,
    incompleteHint: 'Choose the zip file that step Take away downloads, or all files of a model folder.',
  },
  ready: {
    title: 'What is this?',
    lead: 'Drop a picture or point the camera. It is compared with the identities that were enrolled when this page was made.',
    footer: 'Everything is in this file. It works offline, and nothing leaves this device.',
  },
  camera: {
    title: 'Take pictures',
    identity: 'Name of the identity',
    placeholder: 'for example library card',
    take: 'Take a picture',
    close: 'Done',
    taken: (pictures: number, name: string) => `${count(pictures, 'picture')} of ${name} taken`,
    nameFirst: 'Type the name of the identity first.',
    about: 'Two to five pictures from different angles are best.',
    denied: 'The browser does not allow the camera',
    deniedHint: 'Allow the camera for this page in the address bar, then try again.',
    missing: 'There is no camera',
    missingHint: 'Connect a camera, or add pictures from files.',
    busy: 'The camera cannot be started',
    busyHint: 'Close other programs that use it, then try again.',
    view: 'Picture of the camera',
  },
  train: {
    name: 'Train',
    title: 'Train a model on your data',
    lead: 'The training runs in this page. Identities that are held out tell how good the model is at ones that it has never seen.',
    startFrom: 'Start from',
    shipped: 'The shipped model',
    shippedAbout: 'Already recognizes cards and documents; minutes are enough',
    nothing: 'Random weights',
    nothingAbout: 'A small network from nothing; requires many pictures and steps',
    length: 'Length',
    lengths: { short: 'Short', default: 'Default', long: 'Long' },
    backend: 'Run on',
    backends: {
      auto: 'The fastest available backend',
      webgpu: 'WebGPU (graphics card)',
      wasm: 'WebAssembly (processor)',
    },
    settings: 'Advanced settings',
    settingsAbout:
      'One setting of the config per line, such as training.steps=100. They override the choices above.',
    settingHint: 'Settings are in “Advanced settings”, one per line.',
    plan: (steps: number, batch: number, size: number) =>
      `${count(steps, 'step')} of ${count(batch, 'image')} at ${number(size)} pixels`,
    planDocuments: (identities: number) => `on ${count(identities, 'generated document')}`,
    planValidation: (every: number) => `validation every ${count(every, 'step')}`,
    planNoValidation: 'no validation in between',
    notMeasured:
      'The page measures the first steps on this device, and then says how long each length takes.',
    measured: (duration: string, seconds: string) =>
      `About ${duration} on this device, without validation: measured ${seconds} per step.`,
    optionTime: (title: string, steps: number, duration: string | undefined) =>
      `${title}: ${count(steps, 'step')}${duration ? `, about ${duration}` : ''}`,
    start: 'Start training',
    startNew: 'Start a new training',
    pause: 'Pause',
    pausing: 'Pausing after this step …',
    resume: (step: number) => `Resume from step ${number(step)}`,
    training: 'Training',
    paused: (step: number) => `Paused after step ${number(step)}`,
    stored: (step: number) => `Stopped when the page was closed; stored up to step ${number(step)}`,
    missing: (pictures: number) => `${count(pictures, 'picture')} of this training cannot be read`,
    missingHint: 'Start a new training. The model of its last checkpoint is in Try and Take away.',
    notStored: (reason: string) => `The browser could not store the checkpoint: ${reason}`,
    failed: 'Stopped by an error',
    done: 'Done',
    left: (duration: string) => `about ${duration} left`,
    measuring: 'measuring the first steps …',
    progress: 'Training progress',
    completed: 'Completed steps',
    loss: 'Loss',
    lossAbout: 'Margin loss of each batch, and its running mean. The loss rises as long as the margin rises.',
    figures: {
      step: 'Step',
      loss: 'Loss',
      speed: 'Images per second',
      waits: 'A step spends its time on',
      used: 'Backend',
    },
    of: (step: number, total: number) => `${number(step)} of ${number(total)}`,
    causes: {
      compute: 'network',
      centers: 'class centers',
      decoding: 'decoding pictures',
      drawing: 'drawing documents',
      augmentation: 'changing images',
      disk: 'reading files',
      data: 'waiting for images',
    } as Record<string, string>,
    validation: 'Validation',
    validationAbout:
      'On identities that are not trained on. TPR is the share of same pairs that are accepted when 1 in 100 different pairs is.',
    validationNone: 'The first validation follows.',
    columns: { step: 'Step', tpr: 'TPR at 1 in 100', auroc: 'AUROC', rank1: 'Rank-1' },
    log: 'Log',
    results: 'Results',
    report: 'Open the full report',
    nextTry: 'Try it',
    nextTake: 'Take it away',
    noData: 'There are no pictures to train on.',
    noDataHint: 'Add some in step Data, choose the generated documents there, or try the shipped model.',
    noReadable: 'Pictures are still being checked.',
    softwareGpu: 'This browser runs WebGPU on the processor, which is slower than WebAssembly.',
    slow: (backend: string, reason: string) =>
      `Training on ${backend === 'wasm' ? 'the processor (WebAssembly)' : backend}: ${reason}`,
    status: {
      idle: 'not started',
      running: (percent: number) => `${percent} %`,
      done: 'done',
      paused: 'paused',
    },
  },
  try: {
    name: 'Try',
    title: 'Show it something',
    lead: 'Enroll what it should know, then drop a picture or point the camera. It says who it is, or that it does not know.',
    model: 'Model',
    shipped: 'Shipped model',
    trained: (step: number) => `Trained model, step ${number(step)}`,
    rate: 'Accepted strangers',
    known: 'What it knows',
    enroll: 'Enroll my pictures',
    enrollAgain: 'Enroll again',
    enrolling: (done: number, total: number) => `Enrolling: ${number(done)} of ${number(total)} pictures`,
    loading: 'Loading the model …',
    enrolled: (identities: number, pictures: number) =>
      `${count(identities, 'identity', 'identities')} enrolled with ${count(pictures, 'picture')}`,
    nothingEnrolled: 'Nothing is enrolled yet.',
    changed: 'The pictures have changed since.',
    add: 'Add an identity',
    loaded: (name: string) => `Loaded: ${name}`,
    ownThreshold: (threshold: string, rate: string, low: string, high: string, identities: number) =>
      `A match counts from a score of ${threshold}. Measured on your own ${number(identities)} identities, each compared with the others as a stranger: about ${rate} of strangers would be accepted (95 % interval ${low} to ${high}).`,
    shippedThreshold: (
      threshold: string,
      rate: string,
      identities: number,
      measuredOn: string,
      isTrained: boolean,
    ) =>
      `A match counts from a score of ${threshold}, the threshold of the shipped model for a gallery of this size: about ${rate} of strangers would be accepted. It was measured on ${number(identities)} ${measuredOn}${isTrained ? ', before your training' : ''}.`,
    ownFrom: (required: number) =>
      `From ${number(required)} identities of your own, the threshold is measured on them.`,
    contradicted:
      'The threshold of the shipped model would accept more strangers: your identities resemble each other more than those that it was measured on.',
    overview: 'A closer look',
    overviewAbout: 'The pairs that are hardest to tell, and a map of all enrolled pictures.',
    overviewShow: 'Show pairs and map',
    pairs: {
      different: 'Different identities that look most alike',
      same: 'Pictures of one identity that look least alike',
    },
    map: 'Map of the pictures',
    mapAbout:
      'Pictures that the model finds similar are close to each other (UMAP of the embeddings). A color is an identity. Point at a dot to see its picture.',
    uncalibrated: 'Enroll 3 or more identities to get a threshold. Until then, only the ranking is shown.',
    warnings: 'What limits the threshold',
    query: 'Picture to recognize',
    drop: 'Drop a picture here',
    choose: 'Choose a picture',
    camera: 'Point the camera',
    stopCamera: 'Stop the camera',
    decisions: {
      known: (name: string) => name,
      ambiguous: 'Not sure which',
      unknown: 'Unknown',
      undecided: 'No threshold yet',
    },
    about: {
      known: 'The best match reaches the threshold, and no other is close to it.',
      ambiguous: 'Several identities reach the threshold and are close to each other.',
      unknown: 'No match reaches the threshold.',
      undecided: 'Enroll 3 or more identities to get a threshold.',
    },
    matches: 'Most similar',
    score: (score: string) => `score ${score}`,
    scoreOf: (name: string, score: string, threshold: string | undefined) =>
      `${name}: score ${score}${threshold ? `, threshold ${threshold}` : ''}`,
    threshold: (threshold: string) => `The mark is the threshold, ${threshold}.`,
    took: (ms: number) => `${number(ms)} ms`,
    queryImage: 'The picture that was shown',
    emptyResult: 'The answer appears here.',
    enrollFirst: 'Enroll something first: your pictures, or an identity by the camera.',
    status: { empty: 'nothing enrolled', enrolled: (identities: number) => `${number(identities)} enrolled` },
  },
  take: {
    name: 'Take away',
    title: 'Take it with you',
    lead: 'The files are made in this page, and are yours: they work without it.',
    nothing: 'There is nothing to take away yet.',
    nothingHint: 'Train a model or enroll pictures first.',
    model: 'Model',
    modelAbout:
      'A model folder for loadEmbedder of @unitsphere/embedder, with the config and the metrics of the training.',
    download: (megabytes: string) => `Download the model (${megabytes} MB)`,
    export: 'For other runtimes',
    exportLabel: 'Format',
    exportButton: 'Export',
    gallery: 'Gallery',
    galleryAbout:
      'The enrolled identities as embeddings, for openGallery of @unitsphere/recognition with the same model. It has no pictures.',
    galleryThreshold: (threshold: string, isOwn: boolean) =>
      isOwn
        ? `Its calibrated threshold is ${threshold}.`
        : `Pass { threshold: ${threshold} } to recognize: its own identities are too few to calibrate it.`,
    report: 'Report',
    reportAbout: 'The figures, plots and examples of the training in one HTML file.',
    reportButton: 'Download the report',
    ready: 'A page that recognizes',
    readyAbout:
      'One index.html with the model, the gallery and small pictures in it. It recognizes pictures and the camera, offline, and sends no request.',
    readyButton: 'Download the page',
    galleryButton: 'Download the gallery',
    preparing: 'Preparing pictures …',
    exported: (title: string, megabytes: string) => `Download ${title} (${megabytes} MB)`,
    checked: (images: number, cosine: string, difference: string) =>
      `Beside the model, on ${number(images)} images: smallest cosine ${cosine}, largest difference of a value ${difference}.`,
    status: { empty: 'nothing yet', ready: 'ready' },
  },
  formats: {
    onnx: 'ONNX Runtime, in browsers, Node, Python and on phones',
    float32: 'ONNX, float32',
    float16: 'ONNX, float16',
    float16About: 'Half the size. For ONNX Runtime, in browsers, Node, Python and on phones',
    int8: 'ONNX, int8',
    int8About:
      'A quarter of the size, with other embeddings. For ONNX Runtime, in browsers, Node, Python and on phones',
    tfjs: 'TensorFlow.js GraphModel',
    tfjsAbout: 'TensorFlow.js alone, by tf.loadGraphModel',
  },
  failures: {
    backend: (name: string) => `The backend ${name} is not available`,
    gpuLost: 'The connection to the graphics card was lost',
    gpuMemory: 'The graphics card is out of memory',
    gpuInvalid: 'The graphics card rejected a kernel',
    training: 'The training stopped early',
    picture: 'The picture cannot be used',
    gallery: 'The gallery cannot be used',
    model: 'The model cannot be used',
    otherModel: 'It was made with a model that is not in this page.',
    otherModelHint: 'Load the model folder that it was made with first.',
    internal: 'Internal error',
    internalHint: 'This is a bug. Please report it together with this message.',
  },
} as const;

/** Returns the text at a path such as `data.title`. @throws Error if there is none. */
export function textAt(path: string): string {
  let found: unknown = TEXTS;
  for (const key of path.split('.')) found = (found as Record<string, unknown> | undefined)?.[key];
  if (typeof found !== 'string') throw new Error(`texts.ts has no text ${path}, which index.html names.`);
  return found;
}

/** Replaces {{path}} in HTML by the texts, escaped. @throws Error for an unknown path. */
export function fillTexts(html: string): string {
  return html.replace(/\{\{([\w.]+)\}\}/g, (_, path: string) => escapeHtml(textAt(path)));
}

/** Escapes a text for HTML. */
export const escapeHtml = (text: string) =>
  text.replace(/[&<>"]/g, (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[c] ?? c);
