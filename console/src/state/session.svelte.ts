/** Who is signed in. The session itself is a cookie that no script can read; this is what the service says of it. */
import type { components } from '../api/openapi';
import { Problem } from '../api/problem';

type Schemas = components['schemas'];
export type Role = Schemas['Role'];
export type Me = Schemas['Me'];

const ROLES: readonly Role[] = ['user', 'manager', 'admin'];

class Session {
  /** `asking` until the service has said whether somebody is signed in; `ended` while they must sign in again to go on. */
  state = $state<'asking' | 'out' | 'in' | 'ended'>('asking');
  me = $state.raw<Me | null>(null);
  /** Why it is not known who is signed in. */
  problem = $state.raw<Problem | null>(null);
  csrfToken = '';
  #waiting: (() => void)[] = [];

  /** Asks the service who is signed in. */
  async start(): Promise<void> {
    this.problem = null;
    try {
      this.state = (await this.refresh()) ? 'in' : 'out';
    } catch (error) {
      this.problem = Problem.caught(error);
    }
  }

  /** Signs in, or in again. Another account than before starts afresh: nothing of the old one may stay on the screen. */
  async signIn(name: string, password: string): Promise<void> {
    const response = await fetch('/api/v1/sign-in', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ name, password, cookie: true }),
    });
    if (!response.ok) throw Problem.of(response, await response.json().catch(() => null));
    const before = this.me?.account.id;
    if (!(await this.refresh())) throw new Problem(0, 'cookie', 'The browser did not keep the session', 'It must take cookies of this address.');
    this.#goOn(before);
  }

  /** Goes on if somebody has signed in elsewhere meanwhile: in another window, or at a provider. */
  async resume(): Promise<void> {
    const before = this.me?.account.id;
    if (this.state === 'ended' && (await this.refresh().catch(() => false))) this.#goOn(before);
  }

  #goOn(before: string | undefined): void {
    if (before && before !== this.me?.account.id) return location.assign('/');
    this.state = 'in';
    for (const go of this.#waiting.splice(0)) go();
  }

  async signOut(): Promise<void> {
    await fetch('/api/v1/sign-out', { method: 'POST', headers: { 'X-CSRF-Token': this.csrfToken } });
    location.assign('/');
  }

  /** Resolves when somebody has signed in again: for a request that the service no longer knew the session of. */
  renewed(): Promise<void> {
    if (this.state === 'in') this.state = 'ended';
    return new Promise((go) => this.#waiting.push(go));
  }

  /** Whether the session is there; who it is, and its CSRF token, are known then. */
  async refresh(): Promise<boolean> {
    const response = await fetch('/api/v1/me');
    if (response.status === 401) return false;
    const body: unknown = await response.json().catch(() => null);
    if (!response.ok) throw Problem.of(response, body);
    this.me = body as Me;
    this.csrfToken = this.me.csrf_token ?? '';
    return true;
  }

  /** Whether the account may do what this role may. The service decides; the console only does not offer the rest. */
  may(role: Role): boolean {
    return this.me !== null && ROLES.indexOf(this.me.role) >= ROLES.indexOf(role);
  }
}

export const session = new Session();
