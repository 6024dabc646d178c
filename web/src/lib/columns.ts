// A Column of a table of T.
export interface Column<T> {
  id: string;
  label: string;
  value: (row: T) => string | number | undefined; // for sorting and files
  text?: (row: T) => string; // shown, where it differs
  num?: boolean;
  prio?: 1 | 2 | 3; // 2: not on a phone; 3: on wide screens alone
  off?: boolean; // not shown until chosen
  custom?: boolean; // drawn by the table's cell
  fixed?: boolean; // not to be sorted by
  width?: string;
  title?: string;
}
