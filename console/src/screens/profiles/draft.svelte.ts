/** The permissions of a profile as they are and as they are to be: changed here, saved together after a look at what changes. */
import { api, ask, askTagged, type Schemas } from '../../api/client';
import { Problem } from '../../api/problem';
import { p } from '../../strings/profiles';
import { rulesOf, same, type Rules } from './rules';

/** The profile of keys that name none. */
const DEFAULT = 'default';

export class Draft {
  /** As the service has them. */
  before = $state.raw<Record<string, Rules>>({});
  /** As they are to be; null for one that is to be removed. */
  after = $state<Record<string, Rules | null>>({});
  changed = $derived(
    [...new Set([...Object.keys(this.before), ...Object.keys(this.after)])].filter((model) => !same(this.before[model], this.after[model])),
  );

  /** The profile's, which a draft must repeat. */
  description = '';

  constructor(readonly profile: string) {}

  /** Reads all permissions of the profile. */
  async read(): Promise<void> {
    const found: Record<string, Rules> = {};
    let cursor: string | null | undefined;
    do {
      const query = { limit: 500, ...(cursor ? { cursor } : {}) };
      const params = { path: { profile: this.profile }, query };
      const page: Schemas['PageOfPermission'] = await ask(api.GET('/api/v1/profiles/{profile}/permissions', { params }));
      for (const permission of page.items) found[permission.model] = rulesOf(permission);
      cursor = page.next_cursor;
    } while (cursor);
    this.before = found;
    this.discard();
  }

  discard(): void {
    this.after = structuredClone(this.before);
  }

  /** All that would change, in the service's words, with what it loosens; a model that is closed is last. */
  async differences(unknown: boolean): Promise<Schemas['PolicyChange'][]> {
    const after = $state.snapshot(this.after);
    const kept = Object.fromEntries(this.changed.flatMap((model) => (after[model] ? [[model, after[model]]] : [])));
    const draft = this.profile === DEFAULT ? { permissions: kept } : { profiles: { [this.profile]: { description: this.description, permissions: kept } } };
    const query = unknown ? { unknown: 'allow' as const } : {};
    const { changes } = await ask(api.POST('/api/v1/policy/diff', { params: { query }, body: { draft } }));
    const closed = this.changed.filter((model) => !after[model]).sort();
    return [
      ...changes,
      ...closed.map((name) => ({ change: 'remove' as const, noun: 'permission', name, fields: [], loosens: false, loosened_fields: [] })),
    ];
  }

  /** Saves what is changed, one permission after the other; each that was saved is no longer a change. */
  async save(unknown: boolean): Promise<void> {
    for (const model of [...this.changed].sort()) {
      const wanted = $state.snapshot(this.after[model]) ?? null;
      const path = { profile: this.profile, model };
      const tag = await this.#unchanged(model);
      try {
        if (wanted) {
          const header = tag ? { 'If-Match': tag } : { 'If-None-Match': '*' };
          const params = { path, header, query: unknown ? { unknown: 'allow' as const } : {} };
          await ask(api.PUT('/api/v1/profiles/{profile}/permissions/{model}', { params, body: wanted }));
        } else if (tag) {
          await ask(api.DELETE('/api/v1/profiles/{profile}/permissions/{model}', { params: { path, header: { 'If-Match': tag } } }));
        }
      } catch (error) {
        const { status, code, title, detail, field } = Problem.caught(error);
        throw new Problem(status, code, `${p.review.failed(model)}: ${title}`, detail, field);
      }
      const { [model]: _, ...rest } = this.before;
      this.before = wanted ? { ...rest, [model]: rulesOf(wanted) } : rest;
      if (!wanted) delete this.after[model];
    }
  }

  /** The tag of a permission that nobody has changed since it was read; none if there is none. Fails if somebody has. */
  async #unchanged(model: string): Promise<string | null> {
    const params = { path: { profile: this.profile, model } };
    const found = await askTagged(api.GET('/api/v1/profiles/{profile}/permissions/{model}', { params })).catch((error: unknown) => {
      if (Problem.caught(error).status === 404) return null;
      throw error;
    });
    const present = found ? rulesOf(found.value) : null;
    if (!same(present, this.before[model] ?? null)) {
      throw new Problem(409, 'changed_meanwhile', p.review.conflict(model), p.review.conflictText);
    }
    return found?.etag ?? null;
  }
}
