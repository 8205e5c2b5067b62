/** Tells a form's fields the service's problem, of which each field shows what is about it. */
import { getContext, setContext } from 'svelte';
import type { Problem } from '../api/problem';

export interface FormState {
  readonly problem: Problem | null;
  /** A field that is in the form says so: what no field shows stands above the buttons. */
  register: (name: string) => () => void;
}

const KEY = Symbol('form');

export function setFormState(state: FormState): void {
  setContext(KEY, state);
}

/** The form around a field; none around a filter. */
export function formState(): FormState | undefined {
  return getContext<FormState | undefined>(KEY);
}

/** Whether a problem is about this field or a part of it: `profiles` shows what is said of `profiles[1]`. */
export function isAbout(problem: Problem | null, name: string): boolean {
  const field = problem?.field;
  return field !== null && field !== undefined && name !== '' && (field === name || field.startsWith(`${name}.`) || field.startsWith(`${name}[`));
}
