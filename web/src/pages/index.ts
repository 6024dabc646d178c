// Pages by their paths; each is loaded when it is first shown.
import type { Component } from 'svelte';

export interface Page {
  name: string;
  title: string;
  load: () => Promise<{ default: Component<{ arg: string }> }>;
  filters: 'all' | 'period' | 'none'; // what of the filter applies
  arg?: string;
}

const all: (Omit<Page, 'arg'> & { path: RegExp })[] = [
  { path: /^\/$/, name: 'overview', title: 'Overview', load: () => import('./Overview.svelte'), filters: 'all' },
  { path: /^\/live$/, name: 'live', title: 'Live', load: () => import('./Live.svelte'), filters: 'none' },
  { path: /^\/sessions$/, name: 'sessions', title: 'Sessions', load: () => import('./Sessions.svelte'), filters: 'all' },
  { path: /^\/sessions\/([0-9a-f-]+)$/, name: 'session', title: 'Session', load: () => import('./Session.svelte'), filters: 'none' },
  { path: /^\/actors$/, name: 'actors', title: 'Actors', load: () => import('./Actors.svelte'), filters: 'all' },
  { path: /^\/actors\/([^/]+)$/, name: 'actor', title: 'Actor', load: () => import('./Actor.svelte'), filters: 'all' },
  { path: /^\/techniques$/, name: 'techniques', title: 'Techniques', load: () => import('./Techniques.svelte'), filters: 'all' },
  { path: /^\/protocols$/, name: 'protocols', title: 'Protocols', load: () => import('./Protocols.svelte'), filters: 'all' },
  { path: /^\/protocols\/([a-z0-9_]+)$/, name: 'protocol', title: 'Protocol', load: () => import('./Protocol.svelte'), filters: 'all' },
  { path: /^\/credentials$/, name: 'credentials', title: 'Credentials and files', load: () => import('./Credentials.svelte'), filters: 'all' },
  { path: /^\/compare$/, name: 'compare', title: 'Compare', load: () => import('./Compare.svelte'), filters: 'all' },
  { path: /^\/sensor$/, name: 'sensor', title: 'Sensor', load: () => import('./Sensor.svelte'), filters: 'period' },
  { path: /^\/plant$/, name: 'plant', title: 'Plant', load: () => import('./Plant.svelte'), filters: 'none' },
  { path: /^\/reports$/, name: 'reports', title: 'Reports', load: () => import('./Reports.svelte'), filters: 'none' },
  { path: /^\/about$/, name: 'about', title: 'Settings', load: () => import('./About.svelte'), filters: 'none' },
];

export function find(path: string): Page {
  for (const { path: re, ...page } of all) {
    const m = re.exec(path);
    if (!m) continue;
    try {
      return { ...page, arg: m[1] && decodeURIComponent(m[1]) };
    } catch {
      break; // a broken escape
    }
  }
  return { name: 'missing', title: 'Not found', load: () => import('./Missing.svelte'), filters: 'none' };
}
