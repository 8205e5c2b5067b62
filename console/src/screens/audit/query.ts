/** The filters and the time of the audit log, as the address has them and as the service is asked. */
import { router } from '../../router.svelte';
import type { operations } from '../../api/openapi';

export type Query = NonNullable<operations['get_audit']['parameters']['query']>;

/** The parameters that are filters, each named as the service names it. */
export const FILTERS = [
  'outcome',
  'key_id',
  'user_id',
  'model',
  'method',
  'operation',
  'reason',
  'gate',
  'client_ip',
  'record_id',
  'decision_id',
  'session',
  'would_deny',
] as const;

export const PRESETS = ['1h', '24h', '7d', '30d', 'all', 'custom'] as const;
export type Preset = (typeof PRESETS)[number];

const HOURS: Partial<Record<Preset, number>> = { '1h': 1, '24h': 24, '7d': 168, '30d': 720 };
/** If nothing is said: the last day. */
export const USUAL: Preset = '24h';

export function preset(): Preset {
  const given = router.get('preset');
  if (router.query.has('from') || router.query.has('to')) return 'custom';
  return PRESETS.find((one) => one === given) ?? USUAL;
}

/** From when until when, as the address says it. A preset ends now, and so says no end. */
export function range(now: number): { from?: string; to?: string } {
  const hours = HOURS[preset()];
  if (hours) return { from: new Date(now - hours * 3_600_000).toISOString() };
  const from = router.get('from');
  const to = router.get('to');
  return { ...(from ? { from } : {}), ...(to ? { to } : {}) };
}

/** The one order of the log, as the address has it. Others would have to look at all of it. */
export const TIME = 'at';
export const NEWEST_FIRST = `-${TIME}`;

/** The order that the address says; if it says none, the service begins with the newest. */
export function order(): { order?: 'asc' } {
  return router.get('sort') === TIME ? { order: 'asc' } : {};
}

/** The filters in the address. */
export function filters(): Query {
  return Object.fromEntries(FILTERS.flatMap((name) => (router.query.has(name) ? [[name, router.get(name)]] : []))) as Query;
}
