/** A line of a chart: what it is called, its colour by its name in `tokens.css`, and a number a step. */
export interface Series {
  label: string;
  color: string;
  total: number;
  points: readonly number[];
}
