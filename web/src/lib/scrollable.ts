// scrollable gives an element that has more than it shows a place in the order of
// tabs, so that arrow keys can scroll it.
export function scrollable(el: HTMLElement) {
  const look = () => {
    if (el.scrollWidth > el.clientWidth + 1 || el.scrollHeight > el.clientHeight + 1) el.tabIndex = 0;
    else el.removeAttribute('tabindex');
  };
  const sizes = new ResizeObserver(look);
  sizes.observe(el);
  for (const child of el.children) sizes.observe(child);
  return { destroy: () => sizes.disconnect() };
}
