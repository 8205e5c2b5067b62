/** Routes whose description is not in the snapshot yet. */
import type { components } from './openapi';

type Rules = components['schemas']['PermissionRules'];

export interface PolicyChange {
  change: 'add' | 'alter' | 'remove';
  noun: string;
  name: string;
  fields: { field: string; before: unknown; after: unknown }[];
  loosens: boolean;
  loosened_fields: string[];
}

interface Draft {
  permissions?: Record<string, Rules>;
  profiles?: Record<string, { description: string; permissions: Record<string, Rules> }>;
}

export interface AheadPaths {
  '/api/v1/policy/diff': {
    post: {
      parameters: { query?: { unknown?: 'allow' }; header?: never; path?: never; cookie?: never };
      requestBody: { content: { 'application/json': { draft: Draft } } };
      responses: { 200: { headers: Record<string, unknown>; content: { 'application/json': { changes: PolicyChange[]; loosens: boolean } } } };
    };
  };
}
