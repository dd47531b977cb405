// The report of tools/gpu/check.sh: what it must contain.

/** Type of each field, by its path. `?` marks a value that may be null: a figure whose contender is absent. */
export const FIELDS = {
  format: 'number',
  date: 'string',
  commit: 'string',
  rehearsal: 'boolean',
  note: 'string',
  'machine.system': 'string',
  'machine.cpu': 'string',
  'machine.cores': 'number',
  'machine.node': 'string',
  'machine.gpus': 'array',
  'machine.driver': 'string?',
  'install.backend': 'string',
  'install.ok': 'boolean',
  'install.seconds': 'number',
  'install.output': 'string',
  doctor: 'string',
  'contract.native.backend': 'string',
  'contract.native.device': 'string',
  'contract.native.checks': 'number',
  'contract.native.failed': 'array',
  'contract.webgpu.backend': 'string',
  'contract.webgpu.device': 'string',
  'contract.webgpu.checks': 'number',
  'contract.webgpu.failed': 'array',
  'step.contenders': 'array',
  'step.absent': 'object',
  'step.workload': 'object',
  'ratios.nativeToPyTorch': 'number?',
  'ratios.nativeToStock': 'number?',
  'ratios.webgpuToPyTorch': 'number?',
  'ratios.webgpuToStock': 'number?',
};

/** What the figures of a report mean. */
export const NOTES = {
  measurement: 'Ratios are of images per second, all measured in one run.',
  rehearsal:
    'A rehearsal shows that the script runs to its end. Its figures are of software devices, and mean nothing.',
};

/**
 * Returns the problems of a report: fields that are missing or have another type, and in a rehearsal figures that are null.
 * @param {object} report
 * @returns {string[]}
 */
export function listProblems(report) {
  return Object.entries(FIELDS).flatMap(([path, type]) => {
    const value = path.split('.').reduce((object, key) => object?.[key], report);
    if (value === null && type.endsWith('?')) {
      // A machine without a GPU has no driver; everything else can be measured in a rehearsal.
      return report.rehearsal && path !== 'machine.driver' ? [`${path} is null in a rehearsal`] : [];
    }
    const actual = Array.isArray(value) ? 'array' : typeof value;
    const expected = type.replace('?', '');
    return actual === expected
      ? []
      : [`${path} is ${value === undefined ? 'missing' : actual}, not ${expected}`];
  });
}

/**
 * Computes the ratios of images per second between contenders of `bench step`.
 * @param {{ contenders: { id: string, imagesPerSecond: { median: number } }[] }} step
 * @param {'node' | 'cuda'} native
 * @param {string} pytorch Id of the PyTorch contender.
 */
export function computeRatios({ contenders }, native, pytorch) {
  const speed = (id) => contenders.find((one) => one.id === id)?.imagesPerSecond.median;
  const ratio = (ours, theirs) => {
    const [a, b] = [speed(ours), speed(theirs)];
    return a === undefined || b === undefined ? null : a / b;
  };
  return {
    nativeToPyTorch: ratio(`unitsphere-${native}`, pytorch),
    nativeToStock: ratio(`unitsphere-${native}`, `stock-${native}`),
    webgpuToPyTorch: ratio('unitsphere-webgpu', pytorch),
    webgpuToStock: ratio('unitsphere-webgpu', 'stock-webgpu'),
  };
}
