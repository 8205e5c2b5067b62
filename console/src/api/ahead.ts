/** Routes whose description is not in the snapshot yet. */
import type { components, operations } from './openapi';

type Json<T> = { 200: { headers: Record<string, unknown>; content: { 'application/json': T } } };
interface Get<Query, T> {
  get: { parameters: { query: Query; header?: never; path?: never; cookie?: never }; requestBody?: never; responses: Json<T> };
}
type AuditQuery = NonNullable<operations['get_audit']['parameters']['query']>;

export interface AheadPaths {
  '/api/v1/audit/counts': Get<
    Omit<AuditQuery, 'limit' | 'cursor' | 'format'> & { by?: 'outcome' | 'key' | 'model' | 'reason' | 'method' | 'gate'; step?: number },
    AuditCounts
  >;
  '/api/v1/audit/facets': Get<{ field: 'key' | 'model' | 'reason' | 'gate' | 'method'; q?: string; from?: string; to?: string }, AuditFacets>;
  '/api/v1/keys/bulk': {
    post: {
      parameters: { query?: never; header?: never; path?: never; cookie?: never };
      requestBody: {
        content: {
          'application/json': {
            action: 'revoke' | 'rotate' | 'expire';
            ids: string[];
            overlap_seconds?: number;
            expires_at?: string;
            dry_run?: boolean;
            plan?: string;
          };
        };
      };
      responses: Json<BulkOutcome>;
    };
  };
  '/api/v1/keys/{id}/use': {
    get: {
      parameters: { query?: { days?: number }; header?: never; path: { id: string }; cookie?: never };
      requestBody?: never;
      responses: Json<KeyUse>;
    };
  };
  '/api/v1/policy/diff': {
    post: {
      parameters: { query?: { unknown?: 'allow' }; header?: never; path?: never; cookie?: never };
      requestBody: { content: { 'application/json': { draft: Draft } } };
      responses: Json<PolicyDiff>;
    };
  };
}

type Rules = components['schemas']['PermissionRules'];
interface Draft {
  permissions?: Record<string, Rules>;
  profiles?: Record<string, { description: string; permissions: Record<string, Rules> }>;
}

interface PolicyDiff {
  changes: PolicyChange[];
  loosens: boolean;
}

interface PolicyChange {
  change: 'add' | 'alter' | 'remove';
  noun: string;
  name: string;
  fields: { field: string; before: unknown; after: unknown }[];
  loosens: boolean;
  loosened_fields: string[];
}

interface KeyUse {
  key_id: string;
  from: string;
  counted_from: string | null;
  models: {
    model: string;
    operations: {
      operation: components['schemas']['Operation'];
      allowed: boolean;
      profiles: string[];
      closed_by: 'scopes' | 'models' | 'groups' | null;
      calls: number;
      refused: number;
      last_at: string | null;
    }[];
    methods: { method: string; calls: number; refused: number; last_at: string }[];
  }[];
}

interface AuditSeries {
  name: string;
  label: string | null;
  total: number;
  points: number[];
}

interface AuditCounts {
  from: string;
  to: string;
  step_seconds: number;
  total: number;
  series: AuditSeries[];
  other: AuditSeries | null;
  counted_from: string | null;
}

interface AuditFacets {
  values: { value: string; label: string | null; count: number }[];
}

interface BulkOutcome {
  plan: string;
  counts: Record<string, number>;
  results: { id: string; outcome: string; detail?: string | null; new?: components['schemas']['IssuedKey'] | null }[];
}

export type AheadSchemas = components['schemas'] & { AuditCounts: AuditCounts; AuditSeries: AuditSeries; BulkOutcome: BulkOutcome; PolicyChange: PolicyChange; KeyUse: KeyUse };
