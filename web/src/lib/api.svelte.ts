// Talks to /api/v1. Answers are JSON; a 401 shows the login page.

import { sentence } from './format';

const base = '/api/v1';

export class Problem extends Error {
  constructor(
    public status: number,
    message: string,
  ) {
    super(message);
  }
}

class Who {
  state = $state<'asking' | 'out' | 'in'>('asking');
  csrf = '';
}
export const who = new Who();

async function problem(r: Response): Promise<Problem> {
  let text = `The server answered ${r.status}.`;
  try {
    const body = await r.json();
    text = sentence(body.detail || body.title || text);
    if (body.type === 'login') who.state = 'out';
  } catch {
    // Not JSON: the status says enough.
  }
  return new Problem(r.status, text);
}

export async function ask<T>(path: string, init: RequestInit = {}): Promise<T> {
  let r: Response;
  try {
    r = await fetch(base + path, { ...init, headers: { Accept: 'application/json', ...init.headers } });
  } catch (e) {
    if ((e as Error).name === 'AbortError') throw e;
    throw new Problem(0, 'The server does not answer. Is the sensor still running?');
  }
  if (!r.ok) throw await problem(r);
  return r.status === 204 ? (undefined as T) : r.json();
}

export function send<T>(path: string, body: unknown, method = 'POST'): Promise<T> {
  const headers: Record<string, string> = { 'Content-Type': 'application/json' };
  if (who.csrf) headers['X-CSRF-Token'] = who.csrf;
  return ask<T>(path, { method, body: JSON.stringify(body), headers });
}

export const address = (path: string): string => base + path;

// A Load is an answer that follows its address; the earlier one stays until the
// next is there.
export class Load<T> {
  data = $state.raw<T>();
  error = $state.raw<Problem>();
  busy = $state(true);
  took = 0; // milliseconds
  private turn = $state(0);

  constructor(url: () => string | null) {
    $effect(() => {
      this.turn;
      const u = url();
      if (u === null) return;
      const stop = new AbortController();
      this.busy = true;
      const begun = performance.now();
      ask<T>(u, { signal: stop.signal }).then(
        (data) => {
          this.took = performance.now() - begun;
          this.data = data;
          this.error = undefined;
          this.busy = false;
        },
        (e) => {
          if (stop.signal.aborted) return;
          this.error = e instanceof Problem ? e : new Problem(0, String(e));
          this.busy = false;
        },
      );
      return () => stop.abort();
    });
  }

  again() {
    this.turn++;
  }
}
