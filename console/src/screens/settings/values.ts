/** The settings by their paths, and what changes as lines to read. */
import type { Schemas } from '../../api/client';
import { s } from '../../strings/settings';

export type Settings = Schemas['Settings'];
type Tree = Record<string, unknown>;

export interface Change {
  path: string[];
  before: unknown;
  after: unknown;
}

export function valueAt(settings: Settings, path: readonly string[]): unknown {
  let at: unknown = settings;
  for (const name of path) at = isTree(at) ? at[name] : undefined;
  return at;
}

/** Sets a value. One that was not there before and is emptied is taken out again, so that it does not count as changed. */
export function setAt(settings: Settings, base: Settings, path: readonly string[], value: unknown): void {
  let at: unknown = settings;
  for (const name of path.slice(0, -1)) at = isTree(at) ? at[name] : undefined;
  const last = path.at(-1);
  if (!isTree(at) || last === undefined) return;
  if (value === null && valueAt(base, path) === undefined) delete at[last];
  else at[last] = value;
}

/** Each changed setting, in the order of the names. */
export function changesOf(base: Settings, changes: object, path: string[] = []): Change[] {
  return Object.entries(changes).flatMap(([name, after]: [string, unknown]) => {
    const here = [...path, name];
    return isTree(after) ? changesOf(base, after, here) : [{ path: here, before: valueAt(base, here), after }];
  });
}

/** A value in words. */
export function told(value: unknown): string {
  if (value === null || value === undefined) return s.noneOfIt;
  if (typeof value === 'boolean') return value ? s.on : s.off;
  if (Array.isArray(value)) return value.length > 0 ? value.map((one) => s.stages[String(one)] ?? String(one)).join(', ') : s.noneOfIt;
  return String(value);
}

function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
