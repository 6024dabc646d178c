// What happens, as it happens: server-sent events, kept to a number.
import type { LiveAct, LiveSession } from '../../generated/api';
import { address } from './api.svelte';

export interface Item {
  key: number;
  act?: LiveAct;
  session?: LiveSession;
  missed?: number;
}

const kept = 500;

export class Stream {
  items = $state.raw<Item[]>([]);
  state = $state<'opening' | 'open' | 'lost'>('opening');
  paused = $state(false);
  held = $state(0); // arrived during the pause
  private waiting: Item[] = [];
  private next = 0;

  constructor(url: () => string) {
    $effect(() => {
      const es = new EventSource(address(url()));
      this.items = [];
      this.waiting = [];
      this.held = 0;
      this.state = 'opening';
      es.onopen = () => (this.state = 'open');
      es.onerror = () => (this.state = 'lost');
      es.addEventListener('act', (e) => this.take({ act: JSON.parse(e.data) }));
      es.addEventListener('session', (e) => this.take({ session: JSON.parse(e.data) }));
      es.addEventListener('behind', (e) => this.take({ missed: JSON.parse(e.data).missed }));
      return () => es.close();
    });
  }

  private take(i: Omit<Item, 'key'>) {
    this.waiting.unshift({ key: this.next++, ...i });
    this.waiting.length = Math.min(this.waiting.length, kept);
    if (this.paused) this.held = this.waiting.length;
    else this.flush();
  }

  private flush() {
    this.items = [...this.waiting, ...this.items].slice(0, kept);
    this.waiting = [];
    this.held = 0;
  }

  pause(on: boolean) {
    this.paused = on;
    if (!on) this.flush();
  }

  clear() {
    this.items = [];
  }
}
