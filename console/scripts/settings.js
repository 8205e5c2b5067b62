// What each setting takes, read out of the description of the REST API.

/** One entry a setting, in the order of the names: its path, kind, bounds, choices and what it is. */
export function fields(api) {
  const { schemas } = api.components;
  const found = [];
  walk([], schemas.Settings, '');
  return found;

  function resolve(schema) {
    const name = schema.$ref?.split('/').at(-1);
    return name ? { ...schemas[name], ...schema, name } : schema;
  }

  function walk(path, given, description) {
    const schema = resolve(given);
    if (schema.properties) {
      for (const [name, inner] of Object.entries(schema.properties)) walk([...path, name], inner, inner.description ?? '');
      return;
    }
    found.push({ path, description: (description || schema.description || '').replaceAll('\n', ' '), ...kindOf(path, schema) });
  }

  function kindOf(path, schema) {
    const types = [schema.type].flat();
    const nullable = types.includes('null') || Boolean(schema.anyOf?.some((one) => one.type === 'null'));
    const [some] = (schema.anyOf ?? []).filter((one) => one.type !== 'null').map(resolve);
    if (some) return { ...kindOf(path, some), nullable };
    const choices = choicesOf(schema);
    if (choices) return { kind: 'choice', choices, nullable };
    if (types.includes('boolean')) return { kind: 'switch' };
    if (types.includes('integer')) return { kind: 'number', minimum: schema.minimum, maximum: schema.maximum, nullable };
    if (types.includes('string')) return { kind: 'text', nullable };
    if (types.includes('array')) {
      const several = choicesOf(resolve(schema.items));
      return several ? { kind: 'choices', choices: several } : { kind: 'texts' };
    }
    const values = schema.additionalProperties && resolve(resolve(schema.additionalProperties).items ?? {});
    if (values) return { kind: 'map', choices: choicesOf(values) };
    throw new Error(`settings.${path.join('.')}: the console has no control for ${JSON.stringify(schema)}`);
  }

  function choicesOf(schema) {
    if (schema.enum) return schema.enum.map((value) => ({ value, description: '' }));
    return schema.oneOf?.every((one) => 'const' in one) ? schema.oneOf.map((one) => ({ value: one.const, description: one.description ?? '' })) : undefined;
  }
}
