/** Each setting with what it takes, as the description of the API has it, and its place on the screen. */
import described from '../../api/settings.json';
import { s } from '../../strings/settings';
import { a } from '../../strings/alerts';

export interface Choice {
  value: string;
  description: string;
}

export interface SettingField {
  path: string[];
  kind: 'switch' | 'number' | 'text' | 'texts' | 'choice' | 'choices' | 'map';
  description: string;
  minimum?: number;
  maximum?: number;
  nullable?: boolean;
  choices?: Choice[];
}

export type Section = keyof typeof s.sections;

/** The settings of a section that stand in one box. */
export interface Group {
  name: string;
  title: string;
  fields: SettingField[];
}

/** Which section a setting is in: by the beginning of its name. */
const PLACES: readonly [string, Section][] = [
  ['enforcement', 'roads'],
  ['require_exceptions', 'roads'],
  ['shadow', 'roads'],
  ['mcp_module_contract', 'roads'],
  ['ip_allow_list', 'limits'],
  ['rate_limit', 'limits'],
  ['sessions', 'limits'],
  ['body_limit_bytes', 'limits'],
  ['keys', 'keys'],
  ['rotation', 'keys'],
  ['audit', 'audit'],
  ['alerts.types', 'types'],
  ['alerts', 'alerts'],
  ['methods', 'methods'],
  ['never_list_exceptions', 'methods'],
  ['snapshot_max_age_seconds', 'gates'],
];

const all = described as SettingField[];

/** The sections in which there is anything. */
export const sections = (Object.keys(s.sections) as Section[]).filter((section) => all.some((field) => sectionOf(field.path) === section));

export function sectionOf(path: readonly string[]): Section {
  const name = path.join('.');
  return PLACES.find(([start]) => name === start || name.startsWith(`${start}.`))?.[1] ?? 'other';
}

/** The boxes of a section, in the order in which people look for them. */
export function groupsOf(section: Section): Group[] {
  const groups = new Map<string, Group>();
  for (const field of all.filter((field) => sectionOf(field.path) === section)) {
    const name = groupOf(field.path);
    const group = groups.get(name) ?? { name, title: titleOf(name), fields: [] };
    group.fields.push(field);
    groups.set(name, group);
  }
  const switchFirst = (field: SettingField) => (field.path.at(-1) === 'enabled' ? 0 : 1);
  for (const group of groups.values()) group.fields.sort((one, other) => switchFirst(one) - switchFirst(other));
  return [...groups.values()].sort((one, other) => rank(one.fields) - rank(other.fields));
}

/** What a setting is called. */
export function labelOf(path: readonly string[]): string {
  const last = path.at(-1) ?? '';
  return s.labels[path.join('.')] ?? s.names[last] ?? words(last);
}

/** The same with the box that it is in, where it stands alone. */
export function fullLabelOf(path: readonly string[]): string {
  const title = titleOf(groupOf(path));
  return title ? `${title}: ${labelOf(path)}` : labelOf(path);
}

function groupOf(path: readonly string[]): string {
  return path.slice(0, path.at(-2) === 'threshold' ? -2 : -1).join('.');
}

function titleOf(group: string): string {
  const last = group.split('.').at(-1) ?? '';
  const names: Record<string, string> = { ...a.rules, ...a.types };
  if (group.startsWith('alerts.types.')) return names[last] ?? words(last);
  return (s.groups as Record<string, string>)[group] ?? words(last);
}

function rank(fields: readonly SettingField[]): number {
  return Math.min(...fields.map((field) => PLACES.findIndex(([start]) => field.path.join('.').startsWith(start))));
}

function words(name: string): string {
  const text = name.replaceAll('_', ' ');
  return text.charAt(0).toUpperCase() + text.slice(1);
}
