import { Linear, type Random } from '@unitsphere/core';

/**
 * The linear layer that takes a student's embedding to the teacher's width, trained with the student and only for the
 * distillation loss: torch.nn.Linear. A module of its own beside the student, never inside it, so a student that is saved or
 * exported is without it; to resume a run, its state dict is saved by itself. State dict: `weight` [teacherWidth,
 * studentWidth] and, if there is one, `bias`.
 */
export class ProjectionHead extends Linear {
  /**
   * @param options.bias Default false, as in DocClassifier.
   * @param options.random The stream of the initial weights, U(±1/sqrt(studentWidth)), PyTorch's default.
   * @throws RangeError for a width that is no positive integer.
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
