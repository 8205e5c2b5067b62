/** An answer of the service, as a screen shows it: asked for, there, failed, asked for again. `shared/Async.svelte` shows it. */
import { Problem } from '../api/problem';

export class Load<T> {
  value = $state.raw<T | undefined>(undefined);
  problem = $state.raw<Problem | undefined>(undefined);
  busy = $state(true);
  #ask: () => Promise<T>;
  #turn = 0;

  constructor(ask: () => Promise<T>) {
    this.#ask = ask;
  }

  /** Asks again; what is there stays on the screen until the answer has come. */
  again = async (): Promise<void> => {
    this.#turn += 1;
    const turn = this.#turn;
    this.busy = true;
    try {
      const value = await this.#ask();
      if (turn !== this.#turn) return;
      this.value = value;
      this.problem = undefined;
    } catch (error) {
      if (turn !== this.#turn) return;
      this.problem = Problem.caught(error);
    }
    this.busy = false;
  };
}

/** Asks now, and again whenever what the question was made of (filters in the address, an id) has changed. */
export function load<T>(ask: () => Promise<T>): Load<T> {
  const it = new Load(ask);
  $effect(() => void it.again());
  return it;
}

/** The same every so many milliseconds, while the window can be seen. */
export function loadEvery<T>(milliseconds: number, ask: () => Promise<T>): Load<T> {
  const it = load(ask);
  $effect(() => {
    const timer = setInterval(() => document.visibilityState === 'visible' && void it.again(), milliseconds);
    return () => clearInterval(timer);
  });
  return it;
}
