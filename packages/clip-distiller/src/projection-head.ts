import { Linear, type Random } from '@unitsphere/core';

/**
 * Linear layer (torch.nn.Linear) from a student's embedding to the teacher's width. It is trained with the student, only for the
 * distillation loss. It is not part of the student, so a saved or exported student does not contain it; to resume a run, save
 * its state dict separately. State dict: `weight` [teacherWidth, studentWidth] and optionally `bias`.
 */
export class ProjectionHead extends Linear {
  /**
   * @param options.bias Whether to add a bias. Default: false, as in DocClassifier.
   * @param options.random Random stream of the initial weights, which are drawn from U(±1/sqrt(studentWidth)) as in PyTorch.
   * @throws RangeError if a width is not a positive integer.
   */
  constructor(
    readonly studentWidth: number,
    readonly teacherWidth: number,
    { bias = false, random }: { bias?: boolean; random: Random },
  ) {
    checkWidth('studentWidth', studentWidth);
    checkWidth('teacherWidth', teacherWidth);
    super(studentWidth, teacherWidth, { bias, random });
  }
}

function checkWidth(name: string, width: number): void {
  if (!Number.isInteger(width) || width < 1)
    throw new RangeError(`ProjectionHead: ${name} must be a positive integer, but it is ${width}.`);
}
