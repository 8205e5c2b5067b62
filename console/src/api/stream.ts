/**
 * Server-sent events by `fetch`, as the browser's own `EventSource` tells neither an ended session from a broken connection nor
 * lets one go on behind a certain event.
 */
import { session } from '../state/session.svelte';

const PAUSE = 2000;

/** Follows a stream until the signal aborts. `opened(false)` tells that the connection was lost and is tried again. */
export async function stream(
  path: string,
  signal: AbortSignal,
  opened: (open: boolean) => void,
  event: (data: string) => void,
): Promise<void> {
  let last: string | null = null;
  while (!signal.aborted) {
    try {
      const headers: Record<string, string> = { Accept: 'text/event-stream', ...(last ? { 'Last-Event-ID': last } : {}) };
      const response = await fetch(path, { signal, headers });
      if (response.status === 401) {
        await session.renewed();
        continue;
      }
      if (!response.ok || !response.body) throw new Error(`HTTP ${response.status}`);
      opened(true);
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      let text = '';
      for (let part = await reader.read(); !part.done; part = await reader.read()) {
        text += part.value;
        const events = text.split('\n\n');
        text = events.pop() ?? '';
        for (const one of events) {
          const lines = one.split('\n');
          const all = (name: string): string[] => lines.filter((line) => line.startsWith(`${name}:`)).map((line) => line.slice(name.length + 1).trim());
          last = all('id')[0] ?? last;
          const data = all('data').join('\n');
          if (data) event(data);
        }
      }
    } catch {
      if (signal.aborted) return;
    }
    opened(false);
    await new Promise((resolve) => setTimeout(resolve, PAUSE));
  }
}
