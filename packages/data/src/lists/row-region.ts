import { REGION_VALUES } from '../encoded/image-region.js';
import { type ListRow, numberOf } from './list-row.js';

const BOX = ['x_1', 'y_1', 'x_2', 'y_2'] as const;
const CORNERS = [...BOX, 'x_3', 'y_3', 'x_4', 'y_4'] as const;
/** The columns of CelebA's `list_landmarks_align_celeba.csv`: the left eye is that on the image's left. */
const LANDMARKS = [
  ...['lefteye_x', 'lefteye_y', 'righteye_x', 'righteye_y', 'nose_x', 'nose_y'],
  ...['leftmouth_x', 'leftmouth_y', 'rightmouth_x', 'rightmouth_y'],
] as const;

/**
 * Returns the part of an image that a row names, as `regionAt` has it; undefined if it is the whole image. Five landmarks are a
 * face, also beside a box.
 * @throws Error if coordinates are missing, or do not make a box.
 */
export function regionOfRow(row: ListRow): Float64Array | undefined {
  const face = coordinates(row, LANDMARKS, 'landmarks of a face');
  if (face) return fill(face);
  const hasCorners = CORNERS.slice(BOX.length).some((column) => numberOf(row, column) !== undefined);
  if (hasCorners) return fill(coordinates(row, CORNERS, 'corners') ?? []);
  const box = coordinates(row, BOX, 'box');
  if (!box) return undefined;
  const [left, top, right, bottom] = box;
  if (left < right && top < bottom) return fill(box);
  throw new Error(
    `${row.at} has a box without extent: x_1 must be less than x_2, and y_1 less than y_2, not ${box.join(', ')}.`,
  );
}

/** Returns the values of all columns; undefined if none has one. */
function coordinates(row: ListRow, columns: readonly string[], what: string): number[] | undefined {
  const values = columns.map((column) => numberOf(row, column));
  const missing = values.indexOf(undefined);
  if (missing < 0) return values as number[];
  if (values.every((value) => value === undefined)) return undefined;
  throw new Error(`${row.at} lacks "${columns[missing]}" of its ${what} (${columns.join(', ')}).`);
}

const fill = (values: readonly number[]) => {
  const region = new Float64Array(REGION_VALUES).fill(Number.NaN);
  region.set(values);
  return region;
};
