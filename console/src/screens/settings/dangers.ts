/** What somebody should know of a change before they save it: that it opens something, or closes or deletes more than they may think. */
import { s } from '../../strings/settings';
import type { Change } from './values';

type Rule = (before: unknown, after: unknown) => string | null;

const MODES = ['off', 'block', 'secure', 'require'];

const RULES: readonly [RegExp, Rule][] = [
  [/^enforcement$/, mode],
  [/^shadow$/, (before, after) => (added(before, after) ? s.dangers.shadow : null)],
  [/^never_list_exceptions$/, (before, after) => (added(before, after) ? s.dangers.never_list : null)],
  [/^require_exceptions$/, (before, after) => (added(before, after) ? s.dangers.exceptions : null)],
  [/^ip_allow_list$/, addresses],
  [/^(rate_limit|sessions)\.enabled$/, (_, after) => (after === false ? s.dangers.limit_off : null)],
  [/^rate_limit\.(per_minute)$/, (before, after) => (grows(before, after) ? s.dangers.limit_wider : null)],
  [/^rate_limit\.divide_by_gates$/, (_, after) => (after === false ? s.dangers.limit_wider : null)],
  [/^sessions\.limit$/, (before, after) => (after === 0 || (before !== 0 && grows(before, after)) ? s.dangers.limit_wider : null)],
  [/^audit\.retention_days$/, (before, after) => (grows(after, before) ? s.dangers.retention : null)],
  [/^sessions\.retention_days$/, (before, after) => (grows(after, before) ? s.dangers.sessions_retention : null)],
  [/^audit\.durability\./, (_, after) => (after === 'batched' ? s.dangers.batched : null)],
  [/^alerts\.enabled$/, (_, after) => (after === false ? s.dangers.alerts_off : null)],
  [/^alerts\.types\..*enabled$/, (_, after) => (after === false ? s.dangers.alert_off : null)],
  [/^keys\.longest_lifetime_days$/, (before, after) => (before !== null && (after === null || grows(before, after)) ? s.dangers.lifetime : null)],
  [/^snapshot_max_age_seconds$/, (before, after) => (grows(before, after) ? s.dangers.age_longer : s.dangers.age_shorter)],
  [/^body_limit_bytes$/, (before, after) => (grows(before, after) ? s.dangers.body : null)],
  [/^methods\./, (before, after) => (added(before, after) ? s.dangers.methods : null)],
];

/** The warning about a change; none if it only narrows what calls may do. */
export function dangerOf({ path, before, after }: Change): string | null {
  const name = path.join('.');
  return RULES.find(([pattern]) => pattern.test(name))?.[1](before, after) ?? null;
}

function mode(before: unknown, after: unknown): string | null {
  if (MODES.indexOf(String(after)) < MODES.indexOf(String(before))) return s.dangers.enforcement_less;
  return after === 'require' ? s.dangers.enforcement_require : null;
}

/** An empty list allows all: the first entry closes, and the last one that goes opens. */
function addresses(before: unknown, after: unknown): string | null {
  const [old, now] = [list(before), list(after)];
  if (old.length > 0 && (now.length === 0 || added(before, after))) return s.dangers.addresses_wider;
  return now.length > 0 ? s.dangers.addresses_narrower : null;
}

function added(before: unknown, after: unknown): boolean {
  const old = list(before);
  return list(after).some((one) => !old.includes(one));
}

function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

function grows(before: unknown, after: unknown): boolean {
  return typeof before === 'number' && typeof after === 'number' && after > before;
}
