/** C [m, n] = A · B, each as stored or transposed. */
export interface Product {
  transposeA: boolean;
  transposeB: boolean;
  m: number;
  n: number;
  k: number;
  /**
   * Number of stored rows of B, if there are fewer than the sizes say. If B is not transposed, A must be 0 where it meets a
   * missing row. If B is transposed, the columns of C that belong to missing rows are undefined.
   */
  bRows?: number;
}
