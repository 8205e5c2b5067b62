/** Does something at a click and says what became of it. Answers whether it was done. */
import { Problem } from '../api/problem';
import { notices } from './notices.svelte';

export async function attempt(what: Promise<unknown>, done: string): Promise<boolean> {
  try {
    await what;
    notices.done(done);
    return true;
  } catch (error) {
    notices.failed(Problem.caught(error));
    return false;
  }
}
