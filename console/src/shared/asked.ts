/** The parameters of a list as the address has them. */
import { router } from '../router.svelte';

/** Those of `filters` that are used, and the page: what the service is asked with. */
export function asked(filters: readonly string[] = []): Record<string, string> {
  return Object.fromEntries(['cursor', ...filters].filter((name) => router.get(name) !== '').map((name) => [name, router.get(name)]));
}

/** The order that the address says, as the service is asked for it: `sort=-name` is `name` from the greatest on. */
export function sorted(): { sort: string; order: 'asc' | 'desc' } | Record<string, never> {
  const given = router.get('sort');
  return given ? { sort: given.replace(/^-/, ''), order: given.startsWith('-') ? 'desc' : 'asc' } : {};
}

/** The options of a filter, made of words by their values. */
export function options(words: Readonly<Record<string, string>>): { value: string; label: string }[] {
  return Object.entries(words).map(([value, label]) => ({ value, label }));
}
