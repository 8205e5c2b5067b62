/** A record while it is edited: what was changed is known, and stays when somebody else changes the record meanwhile. */

export type Patch<T> = { [Name in keyof T]?: T[Name] extends readonly unknown[] | null ? T[Name] : T[Name] extends object ? Patch<T[Name]> : T[Name] };

type Plain = Record<string, unknown>;

export class Draft<T extends object> {
  #base: T = $state.raw() as T;
  value: T = $state() as T;
  /** What was changed, and nothing else: the body of a `PATCH`. */
  changes: Patch<T> = $derived(difference(this.#base as Plain, this.value as Plain) as Patch<T>);
  changed = $derived(Object.keys(this.changes).length > 0);

  constructor(record: T) {
    this.#base = record;
    this.value = structuredClone(record);
  }

  /** What the record was when it was read. */
  get base(): T {
    return this.#base;
  }

  /** Takes over what the record is now; what was changed here stays changed. */
  rebase(record: T): void {
    const changes = $state.snapshot(this.changes) as Plain;
    this.#base = record;
    this.value = merged(structuredClone(record) as Plain, changes) as T;
  }

  /** Gives up what was changed. */
  reset(): void {
    this.value = structuredClone(this.#base);
  }
}

function difference(before: Plain, after: Plain): Plain {
  const changes: Plain = {};
  for (const [name, value] of Object.entries(after)) {
    const old = before[name];
    if (isPlain(value) && isPlain(old)) {
      const inner = difference(old, value);
      if (Object.keys(inner).length > 0) changes[name] = inner;
    } else if (JSON.stringify(old) !== JSON.stringify(value)) changes[name] = value;
  }
  return changes;
}

function merged(target: Plain, changes: Plain): Plain {
  for (const [name, value] of Object.entries(changes)) {
    const old = target[name];
    target[name] = isPlain(value) && isPlain(old) ? merged(old, value) : value;
  }
  return target;
}

function isPlain(value: unknown): value is Plain {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
