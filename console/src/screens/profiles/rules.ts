/** A permission's rules: made whole, compared, and each difference said, with whether it loosens. */
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

export interface Difference {
  model: string;
  text: string;
  loosens: boolean;
}

/** All that differs between a model's permission before and after; none stands for a model that is closed. */
export function differences(model: string, before: Rules | null, after: Rules | null): Difference[] {
  const was = before ?? rulesOf({});
  const is = after ?? rulesOf({});
  const found: Difference[] = [];
  const say = (what: string, loosens: boolean): void => {
    found.push({ model, text: loosens ? p.opens(what) : p.closes(what), loosens });
  };
  for (const flag of FLAGS) if (was[flag] !== is[flag]) say(flag, is[flag]);
  for (const list of LISTS) {
    // An empty list of groups is every user: the first group tightens, and the last one taken out loosens.
    const wide = list === 'groups';
    for (const name of is[list]) if (!was[list].includes(name)) found.push({ model, text: `${label(list)} + ${name}`, loosens: wide ? was[list].length > 0 : true });
    for (const name of was[list]) if (!is[list].includes(name)) found.push({ model, text: `${label(list)} − ${name}`, loosens: wide && is[list].length === 0 });
  }
  for (const how of ['read', 'write'] as const) {
    const [old, now] = [was.fields[how], is.fields[how]];
    if (JSON.stringify(old) === JSON.stringify(now)) continue;
    found.push({ model, text: `${p.editor[how]}: ${ruleText(old)} → ${ruleText(now)}`, loosens: fieldsLoosen(old, now) });
  }
  for (const name of new Set([...Object.keys(was.methods), ...Object.keys(is.methods)])) {
    const [old, now] = [was.methods[name], is.methods[name]];
    if (JSON.stringify(old) === JSON.stringify(now)) continue;
    const text = `${name}: ${old?.join('+') ?? '–'} → ${now?.join('+') ?? '–'}`;
    found.push({ model, text, loosens: (now?.length ?? 0) > 0 });
  }
  return found;
}

function label(list: (typeof LISTS)[number]): string {
  return { calls: p.editor.calls, paths: p.editor.paths, nested_writes: p.editor.nested, context: p.editor.context, groups: p.editor.groups }[list];
}

/** A rule of fields in words, such as `only these: name, phone`. */
export function ruleText(rule: FieldRule | null | undefined): string {
  const name = ruleName(rule);
  return name ? `${p.rules[name]}: ${(rule?.[name] ?? []).join(', ') || '–'}` : p.rules.none;
}

/** Whether a field may be open after that was closed before: said so wherever it cannot be ruled out. */
function fieldsLoosen(before: FieldRule | null | undefined, after: FieldRule | null | undefined): boolean {
  const [old, now] = [ruleName(before), ruleName(after)];
  const [was, is] = [old ? (before?.[old] ?? []) : [], now ? (after?.[now] ?? []) : []];
  const within = (part: readonly string[], whole: readonly string[]): boolean => part.every((name) => whole.includes(name));
  if (now === 'hide') return old === 'hide' ? !within(was, is) : old === 'only';
  if (now === 'also') return !(old === 'also' && within(is, was));
  if (now === 'only') return !(old === 'only' && within(is, was));
  return old === 'only' || old === 'hide';
}
