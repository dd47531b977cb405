/** Returns the product of numbers, such as the sides of a shape; 1 of none. */
export const product = (numbers: readonly number[]) => numbers.reduce((a, b) => a * b, 1);
