// Numbers, times and names for people.
import { prefs } from './prefs.svelte';

const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });

export const count = (n: number | undefined): string => (n === undefined ? '–' : whole.format(n));

export function short(n: number): string {
  if (n < 10_000) return whole.format(n);
  if (n < 1e6) return (n / 1e3).toFixed(n < 1e5 ? 1 : 0) + 'k';
  return (n / 1e6).toFixed(1) + 'M';
}

export function octets(n: number | undefined): string {
  if (n === undefined) return '–';
  for (const unit of ['B', 'kB', 'MB', 'GB']) {
    if (n < 1000) return `${unit === 'B' ? n : n.toPrecision(3)} ${unit}`;
    n /= 1000;
  }
  return `${n.toPrecision(3)} TB`;
}

export function share(part: number, of: number): string {
  if (!of) return '–';
  const p = (100 * part) / of;
  return (p > 0 && p < 1 ? '<1' : p.toFixed(0)) + ' %';
}

export function rate(x: number): string {
  if (x === 0) return '0';
  if (x >= 100) return whole.format(x);
  return x.toPrecision(x < 0.01 ? 2 : 3).replace(/\.?0+$/, '');
}

export function duration(ms: number): string {
  if (!isFinite(ms)) return '–';
  if (ms < 1) return `${Math.round(ms * 1000)} µs`;
  if (ms < 1000) return `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`;
  const s = ms / 1000;
  if (s < 60) return `${s.toFixed(s < 10 ? 2 : 1)} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min ${Math.round(s % 60)} s`;
  if (s < 86_400) return `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`;
  return `${Math.floor(s / 86_400)} d ${Math.floor((s % 86_400) / 3600)} h`;
}

const two = (n: number) => String(n).padStart(2, '0');

interface Clock {
  y: number;
  mo: number;
  d: number;
  h: number;
  mi: number;
  s: number;
  ms: number;
}

function clock(at: Date): Clock {
  if (prefs.utc)
    return {
      y: at.getUTCFullYear(),
      mo: at.getUTCMonth() + 1,
      d: at.getUTCDate(),
      h: at.getUTCHours(),
      mi: at.getUTCMinutes(),
      s: at.getUTCSeconds(),
      ms: at.getUTCMilliseconds(),
    };
  return {
    y: at.getFullYear(),
    mo: at.getMonth() + 1,
    d: at.getDate(),
    h: at.getHours(),
    mi: at.getMinutes(),
    s: at.getSeconds(),
    ms: at.getMilliseconds(),
  };
}

export function day(at: Date | string): string {
  const c = clock(new Date(at));
  return `${c.y}-${two(c.mo)}-${two(c.d)}`;
}

export function minute(at: Date | string): string {
  const c = clock(new Date(at));
  return `${day(at)} ${two(c.h)}:${two(c.mi)}`;
}

export function second(at: Date | string): string {
  const c = clock(new Date(at));
  return `${minute(at)}:${two(c.s)}`;
}

export function milli(at: Date | string): string {
  return `${second(at)}.${String(clock(new Date(at)).ms).padStart(3, '0')}`;
}

export function timeOfDay(at: Date | string): string {
  const c = clock(new Date(at));
  return `${two(c.h)}:${two(c.mi)}:${two(c.s)}`;
}

export const zone = (): string => (prefs.utc ? 'UTC' : Intl.DateTimeFormat().resolvedOptions().timeZone);

export function ago(at: Date | string, now = Date.now()): string {
  const s = Math.max(0, (now - +new Date(at)) / 1000);
  if (s < 60) return `${Math.floor(s)} s ago`;
  if (s < 3600) return `${Math.floor(s / 60)} min ago`;
  if (s < 172_800) return `${Math.floor(s / 3600)} h ago`;
  return `${Math.floor(s / 86_400)} d ago`;
}

const regions = new Intl.DisplayNames(['en'], { type: 'region', fallback: 'code' });

export function country(code: string | undefined): string {
  if (!code) return 'Unknown';
  try {
    return regions.of(code) ?? code;
  } catch {
    return code;
  }
}

const protocols: Record<string, string> = {
  modbus: 'Modbus/TCP',
  s7comm: 'S7comm',
  http: 'HTTP',
  snmp: 'SNMP',
  bacnet: 'BACnet/IP',
  enip: 'EtherNet/IP',
  ipmi: 'IPMI',
  ftp: 'FTP',
  tftp: 'TFTP',
  iec104: 'IEC 104',
  dnp3: 'DNP3',
  atg: 'Guardian AST',
  kamstrup: 'Kamstrup',
  kamstrup_management: 'Kamstrup mgmt',
  proxy: 'Proxy',
};
export const protocol = (name: string): string => protocols[name] ?? name;

// A colour for each protocol that stays the same on all pages.
const kinds: Record<string, number> = {
  modbus: 0, s7comm: 1, http: 2, enip: 3, bacnet: 4, snmp: 5, iec104: 6, dnp3: 7,
  ftp: 8, ipmi: 3, tftp: 8, atg: 7, kamstrup: 4, kamstrup_management: 6,
};
export const kind = (name: string): number => kinds[name] ?? 8;

const labels: Record<string, [string, string, number]> = {
  targeted_ics: ['Targeted ICS', 'A score of 0.7 or more: acts on the program, stops, informed writes.', 3],
  ics_write: ['ICS write attempt', 'Tried to write, control, load, restart or configure.', 3],
  ics_interactive: ['ICS interactive', 'Read the process or listed points beyond who the device is.', 2],
  opportunistic_exploit: ['Opportunistic exploit', 'Octets known from attacks on other devices.', 2],
  brute_force: ['Brute force', 'Five attempts to log in, or three different pairs.', 2],
  bulk_scanner: ['Bulk scanner', 'Unit after unit, slot after slot, or exactly a known tool’s sequence.', 1],
  banner_grab: ['Banner grab', 'Only asked who the device is.', 1],
  misdirected: ['Misdirected', 'Another protocol’s octets, or none of this one’s requests.', 1],
  research_confirmed: ['Research, confirmed', 'An address of a known scanner’s own network.', 0],
  research_claimed: ['Research, claimed', 'An address that a list gives to a scanner.', 0],
  research_opaque: ['Research, opaque', 'A scanner that nobody answers for.', 0],
  port_probe: ['Port probe', 'Connected, and at most opened the transport.', 0],
  unknown: ['Unknown', 'None of the other labels applies.', 0],
};
export const label = (name: string): string => labels[name]?.[0] ?? name;
export const labelHelp = (name: string): string => labels[name]?.[1] ?? '';
export const labelStep = (name: string): number => labels[name]?.[2] ?? 0;
export const labelNames = Object.keys(labels);

export const classes = [
  'connect', 'identify', 'enumerate', 'read', 'write', 'control', 'mode', 'program_upload', 'program_download', 'file_read',
  'file_write', 'auth', 'config', 'firmware', 'restart', 'report', 'malformed', 'foreign', 'other',
];
const grave = ['write', 'control', 'mode', 'program_download', 'file_write', 'config', 'firmware', 'restart'];
export function classStep(c: string): number {
  if (grave.includes(c)) return 3;
  if (c === 'program_upload' || c === 'auth' || c === 'file_read' || c === 'malformed' || c === 'foreign') return 2;
  return c === 'connect' || c === 'report' || c === 'other' ? 0 : 1;
}

// Severity in four steps, always shown with its word.
export const steps = ['info', 'low', 'elevated', 'high'];
export function step(severity: number): number {
  return severity >= 7 ? 3 : severity >= 5 ? 2 : severity >= 2 ? 1 : 0;
}

// sentence makes a message of the server a sentence.
export function sentence(s: string): string {
  const t = s.replaceAll('`', '').trim();
  return t ? t[0]!.toUpperCase() + t.slice(1) + (/[.!?…]$/.test(t) ? '' : '.') : '';
}

export const words = (s: string): string => s.replaceAll('_', ' ').replaceAll('-', ' ');
