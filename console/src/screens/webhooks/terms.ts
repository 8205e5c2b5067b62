/** What a form says of a webhook. */
import type { Schemas } from '../../api/client';

export const SEVERITIES: readonly Schemas['Severity'][] = ['low', 'medium', 'high', 'critical'];

export interface Terms {
  name: string;
  url: string;
  from_severity: Schemas['Severity'];
}

export function termsOf({ name, url, from_severity }: Schemas['Webhook']): Terms {
  return { name, url, from_severity };
}

export const EMPTY: Terms = { name: '', url: '', from_severity: 'low' };
