/** Moments and spans as people read them; always with the zone. */
import { t } from './strings';
import type { Zone } from './state/choices.svelte';

/** `2026-11-30 13:40:12 UTC`, or with the browser's zone `2026-11-30 14:40:12 +01:00`. */
export function written(at: Date, zone: Zone): string {
  if (Number.isNaN(at.getTime())) return '';
  const shifted = zone === 'utc' ? at : new Date(at.getTime() - at.getTimezoneOffset() * 60_000);
  const text = shifted.toISOString();
  return `${text.slice(0, 10)} ${text.slice(11, 19)} ${zone === 'utc' ? 'UTC' : offset(at)}`;
}

/** The browser's distance from UTC, such as `+01:00`. */
export function offset(at: Date): string {
  const minutes = -at.getTimezoneOffset();
  const two = (number: number): string => String(Math.floor(number)).padStart(2, '0');
  return `${minutes < 0 ? '−' : '+'}${two(Math.abs(minutes) / 60)}:${two(Math.abs(minutes) % 60)}`;
}

const UNITS: readonly [number, string][] = [
  [86_400, 'd'],
  [3600, 'h'],
  [60, 'min'],
  [1, 's'],
];

/** `3 min`, `5 h`, `12 d`: the greatest unit alone, as nobody needs the rest at a glance. */
export function span(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const [size, unit] = UNITS.find(([size]) => whole >= size) ?? [1, 's'];
  return `${Math.floor(whole / size)} ${unit}`;
}

/** `3 min ago`, `in 12 d`. */
export function relative(at: Date, now: number): string {
  const seconds = (at.getTime() - now) / 1000;
  if (Math.abs(seconds) < 10) return t.time.justNow;
  return seconds < 0 ? t.time.past(span(-seconds)) : t.time.future(span(seconds));
}

/** The value of a `datetime-local` input for a moment, in the zone that is shown. */
export function toInput(at: string | null | undefined, zone: Zone): string {
  return at ? written(new Date(at), zone).slice(0, 19).replace(' ', 'T') : '';
}

/** The moment (RFC 3339) that a `datetime-local` input says in the zone that is shown; null if it says none. */
export function fromInput(text: string, zone: Zone): string | null {
  if (text === '') return null;
  const at = new Date(zone === 'utc' ? `${text}Z` : text);
  return Number.isNaN(at.getTime()) ? null : at.toISOString();
}
