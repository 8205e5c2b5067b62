/** A permission's rules, as they are sent and compared: with nothing left out and every list in order. */
import type { Schemas } from '../../api/client';

export type Rules = Schemas['PermissionRules'];
export type FieldRule = Schemas['FieldRule'];
export const FLAGS = ['read', 'write', 'create', 'delete'] as const;
export const LISTS = ['calls', 'paths', 'nested_writes', 'context', 'groups'] as const;

/** A permission without the names of its profile and its model. */
export function rulesOf(permission: Partial<Schemas['Permission']>): Rules {
  const { profile: _profile, model: _model, ...rules } = permission;
  return rules as Rules;
}
