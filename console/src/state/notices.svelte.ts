/** Short messages of what was done, or could not be: shown at the edge of the screen and read out. */
import type { Problem } from '../api/problem';

export interface Notice {
  id: number;
  kind: 'done' | 'failed';
  text: string;
  detail: string;
}

class Notices {
  all = $state<Notice[]>([]);
  #last = 0;

  done(text: string): void {
    const id = this.#add('done', text, '');
    setTimeout(() => this.dismiss(id), 6000);
  }

  /** Stays until it is dismissed. */
  failed(problem: Problem): void {
    this.#add('failed', problem.title, problem.detail);
  }

  dismiss(id: number): void {
    this.all = this.all.filter((notice) => notice.id !== id);
  }

  #add(kind: Notice['kind'], text: string, detail: string): number {
    this.#last += 1;
    this.all = [...this.all.slice(-3), { id: this.#last, kind, text, detail }];
    return this.#last;
  }
}

export const notices = new Notices();
