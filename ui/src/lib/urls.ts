/** Addresses: the page lies in the path, the view in the search; defaults are left out. */

export type Search = Record<string, string>;

/** What stays when one goes from page to page: which day, against which, which candidate. */
const KEPT = ['asof', 'vs', 'candidate'];

export function parseSearch(text: string): Search {
  return Object.fromEntries(new URLSearchParams(text));
}

export function writeSearch(search: Record<string, unknown>): string {
  const parts = new URLSearchParams();
  for (const [name, value] of Object.entries(search))
    if (value !== undefined && value !== null && value !== '') parts.set(name, String(value));
  const text = parts.toString();
  return text ? `?${text}` : '';
}

export function kept(search: Search): Search {
  return Object.fromEntries(Object.entries(search).filter(([name]) => KEPT.includes(name)));
}

/** The address of a page of a project; parts are escaped, also those with a slash. */
export function pageHref(
  project: string,
  parts: string[],
  search: Record<string, unknown> = {},
): string {
  const path = ['p', project, ...parts].map(encodeURIComponent).join('/');
  return `/${path}${writeSearch(search)}`;
}

/** The steps towards a run, for uploads of a project. */
export const startHref = (project: string, uploads: string[] = [], step = ''): string =>
  `/start${uploads.length ? `/${uploads.join(',')}` : ''}${writeSearch({ project, step })}`;

/** A run, or other long work, as it goes on. */
export const jobHref = (project: string, job: string): string =>
  `/runs/${encodeURIComponent(job)}${writeSearch({ project })}`;
