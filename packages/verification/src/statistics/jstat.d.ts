// jstat ships no types. This declares the functions that we use.
declare module 'jstat' {
  const jStat: {
    /** The regularized incomplete beta function. */
    ibeta(x: number, a: number, b: number): number;
    studentt: { inv(p: number, df: number): number };
    noncentralt: { cdf(x: number, df: number, noncentrality: number): number };
    normal: {
      cdf(x: number, mean: number, std: number): number;
      inv(p: number, mean: number, std: number): number;
    };
  };
  export default jStat;
}
