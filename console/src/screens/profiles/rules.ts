/** A permission's rules: made whole, compared, and said. */
import type { Schemas } from '../../api/client';
import { p } from '../../strings/profiles';

export type Rules = Required<Schemas['PermissionRules']>;
export type FieldRule = Schemas['FieldRule'];
export type RuleName = 'only' | 'hide' | 'also';
export const FLAGS = ['read', 'write', 'create', 'delete'] as const;
export const LISTS = ['calls', 'paths', 'nested_writes', 'context', 'groups'] as const;
const RULES = ['only', 'hide', 'also'] as const;

/** A permission without the names of its profile and its model, nothing left out and every list in order. */
export function rulesOf(given: Partial<Schemas['Permission']>): Rules {
  const sorted = (list: readonly string[] | undefined): string[] => [...(list ?? [])].sort();
  const fields: Rules['fields'] = {};
  for (const how of ['read', 'write'] as const) {
    const rule = given.fields?.[how];
    const name = rule && ruleName(rule);
    if (name) fields[how] = { [name]: sorted(rule[name] ?? []) };
  }
  return {
    read: given.read ?? false,
    write: given.write ?? false,
    create: given.create ?? false,
    delete: given.delete ?? false,
    groups: sorted(given.groups),
    fields,
    calls: sorted(given.calls),
    paths: sorted(given.paths),
    nested_writes: sorted(given.nested_writes),
    context: sorted(given.context),
    methods: { ...given.methods },
  };
}

/** Which of the three a rule of fields is; none for the default. */
export function ruleName(rule: FieldRule | null | undefined): RuleName | null {
  return RULES.find((name) => rule?.[name] !== undefined && rule[name] !== null) ?? null;
}

export function same(one: Rules | null | undefined, other: Rules | null | undefined): boolean {
  return JSON.stringify(one && rulesOf(one)) === JSON.stringify(other && rulesOf(other));
}

/** A rule of fields in words, such as `only these: name, phone`. */
export function ruleText(rule: FieldRule | null | undefined): string {
  const name = ruleName(rule);
  return name ? `${p.rules[name]}: ${(rule?.[name] ?? []).join(', ') || '–'}` : p.rules.none;
}
