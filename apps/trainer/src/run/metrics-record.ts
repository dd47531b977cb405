/** One line of a run's metrics: the step it belongs to, and named values. */
export interface MetricsRecord {
  step: number;
  [name: string]: unknown;
}
