/** The pages of a project; one is listed here when it exists. */
import type { IconName } from './components/Icon';

export interface NavPage {
  id: string;
  label: string;
  icon: IconName;
  /** Opens it after `g`. */
  key?: string;
}

export interface NavGroup {
  label: string;
  pages: NavPage[];
}

export const NAV: NavGroup[] = [
  {
    label: 'Understand',
    pages: [
      { id: 'segments', label: 'Segments', icon: 'segments', key: 's' },
      { id: 'customers', label: 'Customers', icon: 'customers', key: 'c' },
    ],
  },
  { label: 'Act', pages: [{ id: 'predict', label: 'Predict', icon: 'predict', key: 'p' }] },
];
