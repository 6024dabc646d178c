// The keyboard map. Pages add keys of their own while they are shown.

type Action = () => void;
const layers: Record<string, Action>[] = [];

// keys adds a layer and returns its removal, for $effect.
export function keys(layer: Record<string, Action>): () => void {
  layers.push(layer);
  return () => {
    const i = layers.indexOf(layer);
    if (i >= 0) layers.splice(i, 1);
  };
}

export const jumps: [string, string, string][] = [
  ['o', '/', 'Overview'],
  ['l', '/live', 'Live'],
  ['s', '/sessions', 'Sessions'],
  ['a', '/actors', 'Actors'],
  ['t', '/techniques', 'Techniques'],
  ['p', '/protocols', 'Protocols'],
  ['c', '/credentials', 'Credentials and files'],
  ['v', '/compare', 'Compare'],
  ['n', '/sensor', 'Sensor'],
  ['w', '/plant', 'Plant'],
  ['r', '/reports', 'Reports'],
  ['i', '/about', 'Settings'],
];

// rows moves the focus among a page's rows.
function rows(by: number) {
  const all = [...document.querySelectorAll<HTMLElement>('main [data-row]')];
  if (!all.length) return;
  const at = all.indexOf(document.activeElement as HTMLElement);
  all[at < 0 ? (by > 0 ? 0 : all.length - 1) : Math.max(0, Math.min(all.length - 1, at + by))]?.focus();
}

export function listen(jump: (path: string) => void) {
  let pending = 0;
  addEventListener('keydown', (e) => {
    const t = e.target as HTMLElement;
    if (e.ctrlKey || e.metaKey || e.altKey || e.defaultPrevented) return;
    if (t.matches('input:not([type=checkbox],[type=range],[type=radio]),select,textarea') || t.closest('dialog')) return;
    if (pending && e.timeStamp - pending < 1200) {
      pending = 0;
      const to = jumps.find(([k]) => k === e.key);
      if (to) {
        e.preventDefault();
        jump(to[1]);
      }
      return;
    }
    for (let i = layers.length - 1; i >= 0; i--) {
      const act = layers[i]![e.key];
      if (!act) continue;
      e.preventDefault();
      act();
      return;
    }
    if (e.key === 'g') pending = e.timeStamp;
    if (e.key === 'j') rows(1);
    if (e.key === 'k') rows(-1);
  });
}
