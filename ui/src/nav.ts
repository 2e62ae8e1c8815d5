/** The pages of a project; one is listed here when it exists. */
import type { IconName } from './components/Icon';

export interface NavPage {
  id: string;
  label: string;
  icon: IconName;
  /** Opens it after `g`. */
  key?: string;
  /** Only where the project has a stream of events. */
  live?: boolean;
}

export interface NavGroup {
  label: string;
  pages: NavPage[];
}

export const NAV: NavGroup[] = [
  {
    label: 'Understand',
    pages: [
      { id: 'overview', label: 'Overview', icon: 'overview', key: 'o' },
      { id: 'segments', label: 'Segments', icon: 'segments', key: 's' },
      { id: 'customers', label: 'Customers', icon: 'customers', key: 'c' },
      { id: 'flows', label: 'Flows', icon: 'flows', key: 'f' },
      { id: 'live', label: 'Live', icon: 'live', key: 'l', live: true },
    ],
  },
  { label: 'Act', pages: [{ id: 'predict', label: 'Predict', icon: 'predict', key: 'p' }] },
  {
    label: 'Trust',
    pages: [
      { id: 'choice', label: 'Why these segments', icon: 'choice', key: 'w' },
      { id: 'quality', label: 'Data quality', icon: 'quality', key: 'd' },
    ],
  },
];

/** The pages that a project has. */
export const navOf = (live: boolean): NavGroup[] =>
  NAV.map((group) => ({ ...group, pages: group.pages.filter((page) => live || !page.live) }));
