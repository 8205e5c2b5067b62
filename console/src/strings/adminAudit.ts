/** Words of the administrators' log. */
export const l = {
  title: 'Administrators’ log',
  intro: 'Who changed what, with the value before and after. Nothing here can be changed.',
  nothing: 'Every change is written here.',
  columns: { at: 'When', actor: 'Who', action: 'What', object: 'To what', difference: 'Before and after', revision: 'Policy' },
  filters: { title: 'Filters of the administrators’ log', action: 'What', actor: 'Who', object: 'To what (id)', from: 'From', to: 'To, not included' },
  fields: (count: number) => `${count} ${count === 1 ? 'field' : 'fields'}`,
  field: 'Field',
  before: 'Before',
  after: 'After',
  absent: '–',
  noFields: 'no field',
  change: 'A change',
} as const;
