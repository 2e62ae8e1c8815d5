import { useRouterState } from '@tanstack/react-router';
import { type ReactNode, useEffect, useRef } from 'react';
import { hasNavigated } from '@/lib/navigation';
import { AppLink } from './AppLink';
import classes from './PageHeader.module.css';
import { SafeText } from './SafeText';

export interface Crumb {
  label: string;
  href: string;
}

interface Props {
  /** What the page is called in the browser's list of tabs. */
  title: string;
  /** How the heading is shown, if it is more than the title. */
  heading?: ReactNode;
  crumbs?: Crumb[];
  /** What follows the page's own names in the title, such as the project. */
  place?: string;
  sentence?: ReactNode;
  actions?: ReactNode;
}

/** The one heading of a page; it has the focus after a navigation, and names the tab. */
export function PageHeader({ title, heading, crumbs = [], place, sentence, actions }: Props) {
  const ref = useRef<HTMLHeadingElement>(null);
  const path = useRouterState({ select: (state) => state.location.pathname });
  const names = [title, ...crumbs.map((crumb) => crumb.label).reverse(), place, 'Coterie'];
  const named = [...new Set(names.filter(Boolean))].join(' · ');
  useEffect(() => {
    document.title = named;
  }, [named]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: each page that is opened is focused
  useEffect(() => {
    if (hasNavigated()) ref.current?.focus({ preventScroll: true });
  }, [path]);
  return (
    <div className={classes.header}>
      {crumbs.length > 0 && (
        <nav aria-label="Where you are" className={classes.crumbs}>
          <ol>
            {crumbs.map((crumb) => (
              <li key={crumb.href}>
                <AppLink href={crumb.href}>{crumb.label}</AppLink>
              </li>
            ))}
            <li aria-current="page">
              <SafeText text={title} max={40} />
            </li>
          </ol>
        </nav>
      )}
      <div className={classes.row}>
        <h1 ref={ref} tabIndex={-1}>
          {heading ?? title}
        </h1>
        {actions && <div className={classes.actions}>{actions}</div>}
      </div>
      {sentence && <p className="lead">{sentence}</p>}
    </div>
  );
}
