/** The calls that come in, as server-sent events: without a hole, as a connection that broke goes on behind its last event. */
import type { Schemas } from '../../api/client';
import { stream } from '../../api/stream';

type Row = Schemas['AuditRecord'];

/** Rows that are kept on the screen. */
export const KEPT = 500;

export class Live {
  /** Shown, newest first. */
  rows = $state.raw<Row[]>([]);
  /** Came while somebody was reading further down: shown when they say so. */
  held = $state.raw<Row[]>([]);
  lost = $state(false);
  #stop = new AbortController();
  #known = new Set<string>();

  /** Follows the log; `isReading` tells whether a new row would move what somebody looks at. */
  constructor(private isReading: () => boolean) {}

  /** Goes on until `stop`. `opened` is called when the stream is open: whatever is listed from then on leaves no hole. */
  async follow(query: string, opened: () => void): Promise<void> {
    const told = (open: boolean): void => {
      if (open && !this.lost) opened();
      this.lost = !open;
    };
    await stream(`/api/v1/audit/stream?${query}`, this.#stop.signal, told, (data) => this.#add(JSON.parse(data) as Row));
  }

  /** Takes the rows of a list: each may have come by the stream as well. */
  begin(rows: readonly Row[]): void {
    const fresh = this.#fresh(rows);
    this.rows = [...this.rows, ...fresh].slice(0, KEPT);
  }

  show(): void {
    this.rows = [...this.held, ...this.rows].slice(0, KEPT);
    this.held = [];
  }

  stop(): void {
    this.#stop.abort();
  }

  #add(row: Row): void {
    const [fresh] = this.#fresh([row]);
    if (!fresh) {
      // A call that was recorded before it was made comes once more, with how it ended.
      const newer = (one: Row): Row => (name(one) === name(row) ? row : one);
      this.rows = this.rows.map(newer);
      this.held = this.held.map(newer);
      return;
    }
    this.held = [fresh, ...this.held].slice(0, KEPT);
    if (!this.isReading()) this.show();
  }

  #fresh(rows: readonly Row[]): Row[] {
    return rows.filter((row) => {
      if (this.#known.has(name(row))) return false;
      this.#known.add(name(row));
      return true;
    });
  }
}

const name = (row: Row): string => `${row.gate}/${row.id}`;
