/** Views of a list that somebody keeps: a name and the search of an address, in this browser alone. */
import type { Search } from './urls';

export interface View {
  name: string;
  search: Search;
}

/** What makes a view of customers; on which page of it one is does not. */
const PARTS = ['q', 'f', 'from', 'cause', 'sort'];
const MOST = 20;

const keyOf = (project: string) => `coterie.views.${project}`;

export const partsOf = (search: Search): Search =>
  Object.fromEntries(Object.entries(search).filter(([name]) => PARTS.includes(name)));

/** Whether two searches show the same view. */
export const isSame = (one: Search, other: Search): boolean =>
  PARTS.every((name) => (one[name] ?? '') === (other[name] ?? ''));

function isView(told: unknown): told is View {
  if (typeof told !== 'object' || told === null) return false;
  const { name, search } = told as Partial<View>;
  return (
    typeof name === 'string' &&
    typeof search === 'object' &&
    search !== null &&
    Object.values(search).every((value) => typeof value === 'string')
  );
}

/** The views of a project; none where the browser keeps nothing, or something else. */
export function viewsOf(project: string): View[] {
  try {
    const told: unknown = JSON.parse(localStorage.getItem(keyOf(project)) ?? '[]');
    return Array.isArray(told) ? told.filter(isView) : [];
  } catch {
    return [];
  }
}

/** The same with one more, which takes the place of another of its name. */
export function withView(views: View[], name: string, search: Search): View[] {
  const others = views.filter((one) => one.name !== name);
  return [...others, { name, search: partsOf(search) }].slice(-MOST);
}

/** Keep them; a browser that keeps nothing has them until the page is left. */
export function keepViews(project: string, views: View[]): void {
  try {
    localStorage.setItem(keyOf(project), JSON.stringify(views));
  } catch {
    // A private window may refuse.
  }
}
