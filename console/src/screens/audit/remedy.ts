/**
 * The smallest change that would allow a call, made of what the service says that it lacks. It is only proposed when the
 * service, asked with the change as a draft, has said that it is enough.
 */
import type { Schemas } from '../../api/client';
import { rulesOf, type Rules } from '../profiles/rules';

export type { Rules };
type Operation = Schemas['Operation'];

export interface Change {
  /** The permissions as they would be, by model. */
  permissions: Record<string, Rules>;
  /** Operations and models that the key's own restrictions would have to have. */
  scopes: Operation[];
  models: string[];
  /** Each step, for people. */
  steps: { where: string; text: string }[];
  /** Names that nothing opens. */
  closed: string[];
}

/** Makes the change of the names in `lacks`; `isModel` tells models from fields, `present` is the profile as it is. */
export function remedy(lacks: readonly string[], present: Record<string, Rules>, isModel: (name: string) => boolean): Change {
  const change: Change = { permissions: {}, scopes: [], models: [], steps: [], closed: [] };
  const rules = (model: string): Rules => {
    const known = (change.permissions[model] ??= structuredClone(present[model] ?? rulesOf({})));
    return known;
  };
  const add = (list: string[] | undefined, name: string): string[] => [...new Set([...(list ?? []), name])].sort();
  /** `res.partner.country_id.code` is the field or path `country_id.code` of the model `res.partner`: the longest model counts. */
  const split = (name: string): [string, string] | null => {
    for (let at = name.lastIndexOf('.'); at > 0; at = name.lastIndexOf('.', at - 1)) {
      if (isModel(name.slice(0, at))) return [name.slice(0, at), name.slice(at + 1)];
    }
    const at = name.lastIndexOf('.');
    return at > 0 ? [name.slice(0, at), name.slice(at + 1)] : null;
  };
  const allow = (model: string, words: string): void => {
    for (const word of words.split(' and ')) {
      if (word === 'read' || word === 'write' || word === 'create' || word === 'delete') rules(model)[word] = true;
    }
    change.steps.push({ where: model, text: `allow ${words}` });
  };
  const open = (model: string, field: string, how: 'read' | 'write'): void => {
    const fields = rules(model).fields ?? {};
    const rule = fields[how] ?? {};
    if (rule.only) rule.only = add(rule.only, field);
    else if (rule.hide?.includes(field)) rule.hide = rule.hide.filter((one) => one !== field);
    else rule.also = add(rule.also ?? [], field);
    rules(model).fields = { ...fields, [how]: rule };
    change.steps.push({ where: model, text: `open the field ${field} to ${how === 'read' ? 'reading' : 'writing'}` });
  };

  for (const lack of lacks) {
    const scope = /^scope (.+)$/.exec(lack)?.[1];
    const keyModel = /^model (.+)$/.exec(lack)?.[1];
    const through = /^(.+) (\S+) through (\S+)$/.exec(lack);
    const call = /^call (\S+)$/.exec(lack)?.[1];
    const path = /^path (\S+)$/.exec(lack)?.[1];
    const context = /^context (\S+): (.+)$/.exec(lack);
    const operations = /^((?:read|write|create|delete)(?: and (?:read|write|create|delete))*) (\S+)$/.exec(lack);
    const callable = call ? split(call) : null;
    const walked = path ? split(path) : null;
    const nested = through?.[3] ? split(through[3]) : null;
    if (scope) {
      change.scopes.push(...(scope.split(' and ') as Operation[]));
      change.steps.push({ where: '', text: `scopes of the key: ${scope}` });
    } else if (keyModel) {
      change.models.push(keyModel);
      change.steps.push({ where: '', text: `models of the key: ${keyModel}` });
    } else if (callable) {
      const [model, method] = callable;
      rules(model).calls = add(rules(model).calls, method);
      change.steps.push({ where: model, text: `call ${method}` });
    } else if (walked) {
      const [model, name] = walked;
      rules(model).paths = add(rules(model).paths, name);
      change.steps.push({ where: model, text: `read the path ${name}` });
    } else if (nested) {
      const [model, field] = nested;
      rules(model).nested_writes = add(rules(model).nested_writes, field);
      change.steps.push({ where: model, text: `write through ${field}` });
    } else if (context?.[1] && context[2]) {
      rules(context[1]).context = add(rules(context[1]).context, context[2]);
      change.steps.push({ where: context[1], text: `context ${context[2]}` });
    } else if (operations?.[1] && operations[2]) {
      const [, words, name] = operations;
      const field = isModel(name) ? null : split(name);
      if (field && isModel(field[0]) && (words === 'read' || words === 'write')) open(field[0], field[1], words);
      else allow(name, words);
    } else change.closed.push(lack);
  }
  return change;
}
