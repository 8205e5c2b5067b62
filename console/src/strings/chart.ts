/** Words of charts. */
export const c = { table: 'The numbers', begins: 'From' } as const;
