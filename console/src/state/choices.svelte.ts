/** All that somebody has chosen for this browser: how times are written, and the theme (`theme.js` applies it at the start). */

export type Zone = 'utc' | 'local';
export type Theme = 'system' | 'light' | 'dark';

class Choices {
  zone = $state<Zone>(kept('zone') === 'local' ? 'local' : 'utc');
  theme = $state<Theme>(themeOf(kept('theme')));

  setZone(zone: Zone): void {
    this.zone = zone;
    keep('zone', zone);
  }

  setTheme(theme: Theme): void {
    this.theme = theme;
    if (theme === 'system') delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
    keep('theme', theme === 'system' ? null : theme);
  }
}

function themeOf(text: string | null): Theme {
  return text === 'light' || text === 'dark' ? text : 'system';
}

function kept(name: string): string | null {
  try {
    return localStorage.getItem(`lictor.${name}`);
  } catch {
    return null;
  }
}

function keep(name: string, value: string | null): void {
  try {
    if (value === null) localStorage.removeItem(`lictor.${name}`);
    else localStorage.setItem(`lictor.${name}`, value);
  } catch {
    // A browser that keeps nothing forgets the choice with the window.
  }
}

export const choices = new Choices();
