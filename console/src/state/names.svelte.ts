/** The names of keys, users, accounts and webhooks by their ids, each asked for once, and only by whom the API tells them. */
import { SvelteMap } from 'svelte/reactivity';
import { session } from './session.svelte';

type Kind = 'keys' | 'users' | 'accounts' | 'webhooks';

class Names {
  #known = new SvelteMap<string, string>();
  #asked = new Set<string>();

  key(id: string | null | undefined): string {
    return this.#name('keys', id);
  }

  user(id: string | null | undefined): string {
    return this.#name('users', id);
  }

  account(id: string | null | undefined): string {
    return this.#name('accounts', id);
  }

  webhook(id: string | null | undefined): string {
    return this.#name('webhooks', id);
  }

  /** A name that a list has told anyway needs no question. */
  learn(kind: Kind, records: readonly { id: string; name: string }[]): void {
    for (const { id, name } of records) {
      this.#asked.add(`${kind}/${id}`);
      this.#known.set(`${kind}/${id}`, name);
    }
  }

  #name(kind: Kind, id: string | null | undefined): string {
    if (!id) return '';
    const path = `${kind}/${id}`;
    if (!this.#asked.has(path) && session.may(kind === 'keys' ? 'manager' : 'admin')) {
      this.#asked.add(path);
      void this.#ask(path);
    }
    return this.#known.get(path) ?? '';
  }

  async #ask(path: string): Promise<void> {
    const response = await fetch(`/api/v1/${path.split('/').map(encodeURIComponent).join('/')}`).catch(() => null);
    // A record that is gone has no name: its id is shown.
    if (!response?.ok) return;
    const { name } = (await response.json()) as { name: string };
    this.#known.set(path, name);
  }
}

export const names = new Names();
