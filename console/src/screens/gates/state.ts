/** How a gate does, in a word. */
import type { Schemas } from '../../api/client';
import { g } from '../../strings/gates';

export function stateOf(gate: Schemas['GateState']): { kind: 'good' | 'warn' | 'bad' | 'plain'; word: string } {
  if (gate.revoked_at) return { kind: 'bad', word: g.states.revoked };
  if (!gate.last_seen_at) return { kind: 'plain', word: g.states.never };
  if (gate.policy_refused) return { kind: 'bad', word: g.states.refused };
  return gate.connected ? { kind: 'good', word: g.states.connected } : { kind: 'warn', word: g.states.silent };
}
