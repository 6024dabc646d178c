// Pages by their paths.
import type { Component } from 'svelte';
import About from './About.svelte';
import Actor from './Actor.svelte';
import Actors from './Actors.svelte';
import Compare from './Compare.svelte';
import Credentials from './Credentials.svelte';
import Live from './Live.svelte';
import Missing from './Missing.svelte';
import Overview from './Overview.svelte';
import Plant from './Plant.svelte';
import Protocol from './Protocol.svelte';
import Protocols from './Protocols.svelte';
import Reports from './Reports.svelte';
import Sensor from './Sensor.svelte';
import Session from './Session.svelte';
import Sessions from './Sessions.svelte';
import Techniques from './Techniques.svelte';

export interface Page {
  name: string;
  title: string;
  component: Component<{ arg: string }>;
  filters: 'all' | 'period' | 'none'; // what of the filter applies
  arg?: string;
}

const all: (Omit<Page, 'arg'> & { path: RegExp })[] = [
  { path: /^\/$/, name: 'overview', title: 'Overview', component: Overview, filters: 'all' },
  { path: /^\/live$/, name: 'live', title: 'Live', component: Live, filters: 'none' },
  { path: /^\/sessions$/, name: 'sessions', title: 'Sessions', component: Sessions, filters: 'all' },
  { path: /^\/sessions\/([0-9a-f-]+)$/, name: 'session', title: 'Session', component: Session, filters: 'none' },
  { path: /^\/actors$/, name: 'actors', title: 'Actors', component: Actors, filters: 'all' },
  { path: /^\/actors\/([^/]+)$/, name: 'actor', title: 'Actor', component: Actor, filters: 'all' },
  { path: /^\/techniques$/, name: 'techniques', title: 'Techniques', component: Techniques, filters: 'all' },
  { path: /^\/protocols$/, name: 'protocols', title: 'Protocols', component: Protocols, filters: 'all' },
  { path: /^\/protocols\/([a-z0-9_]+)$/, name: 'protocol', title: 'Protocol', component: Protocol, filters: 'all' },
  { path: /^\/credentials$/, name: 'credentials', title: 'Credentials and files', component: Credentials, filters: 'all' },
  { path: /^\/compare$/, name: 'compare', title: 'Compare', component: Compare, filters: 'all' },
  { path: /^\/sensor$/, name: 'sensor', title: 'Sensor', component: Sensor, filters: 'period' },
  { path: /^\/plant$/, name: 'plant', title: 'Plant', component: Plant, filters: 'none' },
  { path: /^\/reports$/, name: 'reports', title: 'Reports', component: Reports, filters: 'none' },
  { path: /^\/about$/, name: 'about', title: 'Settings', component: About, filters: 'none' },
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
  return { name: 'missing', title: 'Not found', component: Missing, filters: 'none' };
}
