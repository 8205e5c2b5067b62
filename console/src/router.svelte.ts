/**
 * The address bar as state. A screen reads its filters, its sort and its open row from `router.query` and writes them with
 * `router.set`, so that every view can be linked to and the browser's buttons work.
 */

/** Whether leaving would lose something, asked before the screen is left. */
type Guard = () => boolean;

class Router {
  path = $state(location.pathname);
  search = $state(location.search);
  /** How many pages of a list were gone through to get here: the browser's Back leads to the previous one. */
  depth = $state(depthOf(history.state));
  query = $derived(new URLSearchParams(this.search));
  #guards = new Set<{ unsaved: Guard; question: string }>();

  constructor() {
    addEventListener('popstate', () => this.#read());
    addEventListener('beforeunload', (event) => {
      if (this.#unsaved()) event.preventDefault();
    });
    document.addEventListener('click', (event) => this.#follow(event));
  }

  /** Goes to a screen of the console. Answers whether it was left: somebody may want to keep what is half filled in. */
  go(href: string, { replace = false, depth = 0 } = {}): boolean {
    const to = new URL(href, location.href);
    if (to.pathname !== this.path) {
      const guard = this.#unsaved();
      if (guard && !confirm(guard.question)) return false;
    }
    history[replace ? 'replaceState' : 'pushState']({ depth }, '', to);
    this.#read();
    return true;
  }

  /** Changes parameters of the address; what is null or empty is taken out. A list starts again at its first page. */
  set(changes: Record<string, string | readonly string[] | null | undefined>, { replace = true } = {}): void {
    const query = new URLSearchParams(this.search);
    if (!('cursor' in changes)) query.delete('cursor');
    for (const [name, value] of Object.entries(changes)) {
      query.delete(name);
      for (const one of typeof value === 'string' ? [value] : (value ?? [])) if (one !== '') query.append(name, one);
    }
    const depth = 'cursor' in changes ? this.depth + 1 : 0;
    this.go(`${this.path}${query.size > 0 ? `?${query}` : ''}`, { replace: replace && !('cursor' in changes), depth });
  }

  /** A parameter; the empty text if it is not there. */
  get(name: string): string {
    return this.query.get(name) ?? '';
  }

  /** Asks `question` before the screen is left while `unsaved`. Answers how to stop that. */
  guard(unsaved: Guard, question: string): () => void {
    const guard = { unsaved, question };
    this.#guards.add(guard);
    return () => this.#guards.delete(guard);
  }

  #unsaved() {
    return [...this.#guards].find((guard) => guard.unsaved());
  }

  #read(): void {
    this.path = location.pathname;
    this.search = location.search;
    this.depth = depthOf(history.state);
  }

  /** Links inside of the console change the address without loading the page anew. */
  #follow(event: MouseEvent): void {
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = event.target instanceof Element ? event.target.closest('a') : null;
    if (!link || link.target || link.hasAttribute('download') || link.origin !== location.origin) return;
    if (link.hash && link.pathname === location.pathname) return;
    if (/^\/(api|metrics|healthz|readyz|link)(\/|$)/.test(link.pathname)) return;
    event.preventDefault();
    this.go(link.href);
  }
}

function depthOf(state: unknown): number {
  return typeof state === 'object' && state !== null && 'depth' in state && typeof state.depth === 'number' ? state.depth : 0;
}

export const router = new Router();

/** The parameters of a path that has the form of a pattern such as `/keys/:id`; null if it does not have it. */
export function match(pattern: string, path: string): Record<string, string> | null {
  const wanted = pattern.split('/');
  const given = path.replace(/\/+$/, '').split('/');
  if (path === '/' ? pattern !== '/' : wanted.length !== given.length) return null;
  const parameters: Record<string, string> = {};
  for (const [index, part] of wanted.entries()) {
    const value = given[index] ?? '';
    if (part.startsWith(':')) parameters[part.slice(1)] = decodeURIComponent(value);
    else if (part !== value && path !== '/') return null;
  }
  return parameters;
}
