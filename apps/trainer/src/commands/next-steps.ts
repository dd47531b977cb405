import { pathArgument } from './relative-path.js';

/** Lists the commands that use a trained run or checkpoint, one per line. */
export function nextSteps(model: string, ...steps: readonly (keyof typeof STEPS)[]): string[] {
  const width = Math.max(...steps.map((step) => STEPS[step].purpose.length));
  return steps.map((step) => {
    const { purpose, command } = STEPS[step];
    return `${`${purpose}:`.padEnd(width + 1)} ${command(pathArgument(model))}`;
  });
}

const STEPS = {
  evaluate: {
    purpose: 'Evaluate on other images',
    command: (model: string) => `unitsphere evaluate ${model} --data DIR`,
  },
  embed: {
    purpose: 'Embed pictures',
    command: (model: string) => `unitsphere embed ${model} FILES…`,
  },
  enroll: {
    purpose: 'Recognize pictures',
    command: (model: string) => `unitsphere enroll GALLERY DIR --model ${model}`,
  },
  export: {
    purpose: 'Use it elsewhere',
    command: (model: string) => `unitsphere export ${model} --to onnx`,
  },
} as const;
