/** After each change: how many gates decide by it already. Shown by `shared/Notices.svelte`. */

export interface Progress {
  revision: number;
  in_force: number;
  live: number;
  /** Since when all live gates have it. */
  since: string | null;
}

class InForce {
  /** The newest change of this window; null if there was none, or it was dismissed. */
  revision = $state<number | null>(null);
  progress = $state.raw<Progress | null>(null);
  /** Whether the service could not say. */
  unknown = $state(false);
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** Follows a change until every live gate has it. */
  follow(revision: number): void {
    if (this.revision !== null && revision < this.revision) return;
    this.revision = revision;
    this.progress = null;
    this.unknown = false;
    void this.#look(revision, 300);
  }

  dismiss(): void {
    clearTimeout(this.#timer);
    this.revision = null;
  }

  async #look(revision: number, pause: number): Promise<void> {
    clearTimeout(this.#timer);
    const response = await fetch(`/api/v1/gates/in-force?revision=${revision}`).catch(() => null);
    if (this.revision !== revision) return;
    this.unknown = !response?.ok;
    if (response?.ok) this.progress = (await response.json()) as Progress;
    const { progress } = this;
    const done = progress !== null && progress.live > 0 && progress.in_force >= progress.live;
    // Gates poll: a change is with all of them within moments, or one of them hangs, and asking often tells no more.
    this.#timer = done ? setTimeout(() => this.dismiss(), 8000) : setTimeout(() => void this.#look(revision, Math.min(pause * 1.5, 10_000)), pause);
  }
}

export const inForce = new InForce();
