// What a user chose on this machine: theme and clock. Nothing else is kept.

type Theme = 'system' | 'dark' | 'light';

function kept(name: string): string {
  try {
    return localStorage.getItem('sundew.' + name) ?? '';
  } catch {
    return '';
  }
}

function keep(name: string, value: string) {
  try {
    localStorage.setItem('sundew.' + name, value);
  } catch {
    // Private windows keep nothing; the choice lasts as long as the page.
  }
}

const system = matchMedia('(prefers-color-scheme: light)');

class Prefs {
  theme = $state<Theme>((kept('theme') as Theme) || 'system');
  utc = $state(kept('clock') !== 'local');
  light = $state(false);

  constructor() {
    this.paint();
    system.addEventListener('change', () => this.paint());
  }

  private paint() {
    this.light = this.theme === 'light' || (this.theme === 'system' && system.matches);
    document.documentElement.dataset.theme = this.light ? 'light' : 'dark';
  }

  setTheme(t: Theme) {
    this.theme = t;
    keep('theme', t);
    this.paint();
  }

  setClock(utc: boolean) {
    this.utc = utc;
    keep('clock', utc ? 'utc' : 'local');
  }
}

export const prefs = new Prefs();
