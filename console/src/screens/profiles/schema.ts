/** The known models of Odoo, for pickers: asked for once a window, as it changes seldom. */
import { api, ask, type Schemas } from '../../api/client';

export type Model = Schemas['SchemaModel'];

let models: Promise<readonly string[]> | undefined;
const fields = new Map<string, Promise<Model | null>>();

/** The names of all models that are known, in their order. */
export function knownModels(): Promise<readonly string[]> {
  models ??= readModels().catch(() => {
    models = undefined;
    return [];
  });
  return models;
}

async function readModels(): Promise<string[]> {
  const names: string[] = [];
  let cursor: string | null | undefined;
  do {
    const page = await ask(api.GET('/api/v1/schema', { params: { query: { limit: 500, ...(cursor ? { cursor } : {}) } } }));
    names.push(...page.items.map((entry) => entry.model));
    cursor = page.next_cursor;
  } while (cursor);
  return names;
}

/** Models that have a text in their name. */
export async function suggestModels(typed: string): Promise<readonly string[]> {
  return (await knownModels()).filter((name) => name.includes(typed));
}

/** A model with its fields; null if it is not known. */
export function modelOf(name: string): Promise<Model | null> {
  const known = fields.get(name) ?? ask(api.GET('/api/v1/schema/{model}', { params: { path: { model: name } } })).catch(() => null);
  fields.set(name, known);
  return known;
}

/** After the schema was read anew. */
export function forgetSchema(): void {
  models = undefined;
  fields.clear();
}
