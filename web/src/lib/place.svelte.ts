// Where the user is: path and query of the address bar are the whole state of a view.

class Place {
  path = $state(location.pathname);
  query = $state(location.search);
  params = $derived(new URLSearchParams(this.query));

  // go changes the address; a replaced one leaves no step in the history.
  go(href: string, replace = false) {
    const to = new URL(href, location.href);
    if (to.href === location.href) return;
    history[replace ? 'replaceState' : 'pushState'](null, '', to);
    const moved = to.pathname !== this.path;
    this.read();
    if (moved) scrollTo(0, 0);
  }

  read() {
    this.path = location.pathname;
    this.query = location.search;
  }

  get(name: string): string {
    return this.params.get(name) ?? '';
  }

  all(name: string): string[] {
    return this.params.getAll(name);
  }

  // with is this address with some parameters replaced; an empty value removes.
  with(change: Record<string, string | string[] | undefined>, path = this.path): string {
    const p = new URLSearchParams(this.query);
    for (const [name, value] of Object.entries(change)) {
      p.delete(name);
      for (const v of Array.isArray(value) ? value : [value]) if (v) p.append(name, v);
    }
    p.sort();
    const q = p.toString();
    return path + (q ? '?' + q : '');
  }

  set(change: Record<string, string | string[] | undefined>, replace = false) {
    this.go(this.with(change), replace);
  }
}

export const place = new Place();

// watch follows the address bar and the page's own links.
export function watch() {
  addEventListener('popstate', () => place.read());
  document.addEventListener('click', (e) => {
    if (e.defaultPrevented || e.button !== 0 || e.metaKey || e.ctrlKey || e.shiftKey || e.altKey) return;
    const a = (e.target as Element).closest?.('a');
    if (!a || a.target || a.hasAttribute('download') || a.origin !== location.origin || a.pathname.startsWith('/api/')) return;
    if (a.hash && a.pathname === location.pathname && a.search === location.search) return;
    if (!a.hasAttribute('href') || a.hasAttribute('data-file')) return;
    e.preventDefault();
    place.go(a.href);
  });
}
