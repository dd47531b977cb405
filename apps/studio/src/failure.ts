/** Description of an error for the visitor. */
export interface Failure {
  title: string;
  message: string;
  /** What the visitor can do. */
  hint?: string;
  /** Whether the error is a bug of the program and not caused by the settings or the machine. */
  isBug: boolean;
}
