import { Drawer, Tooltip, UnstyledButton } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import type { ReactNode } from 'react';
import classes from './AppFrame.module.css';
import { AppLink } from './AppLink';
import { LiveRegion } from './announce';
import { Icon, type IconName } from './Icon';
import { SegmentMark } from './SegmentMark';
import { Toasts } from './UndoToast';

export interface NavItem {
  label: string;
  icon: IconName;
  href: string;
  current?: boolean;
  /** Things to act on; nothing is shown for none. */
  badge?: number;
}

interface Props {
  nav: { label: string; items: NavItem[] }[];
  foot: NavItem[];
  /** In the header, from left to right. */
  project?: ReactNode;
  asOf?: ReactNode;
  tools?: ReactNode;
  /** Above the page: offline, an old date, a candidate. */
  banner?: ReactNode;
  children: ReactNode;
}

/** The frame of all pages: skip link, sidebar, header, main, live region, toasts. */
export function AppFrame({ nav, foot, project, asOf, tools, banner, children }: Props) {
  const [open, sheet] = useDisclosure(false);
  return (
    <div className={classes.frame} data-bare={nav.length === 0 || undefined}>
      <a href="#main" className={classes.skip}>
        Skip to the page
      </a>
      {nav.length > 0 && (
        <div className={classes.side}>
          <Pages nav={nav} foot={foot} brand />
        </div>
      )}
      <header className={classes.header}>
        {nav.length > 0 ? (
          <UnstyledButton className={classes.menu} onClick={sheet.open} aria-label="Open the menu">
            <Icon name="menu" size={20} />
          </UnstyledButton>
        ) : (
          <Brand />
        )}
        <div className={classes.where}>
          {project}
          {asOf}
        </div>
        <div className={classes.tools}>{tools}</div>
      </header>
      <div className={classes.content}>
        {banner}
        <main id="main" className={classes.main} tabIndex={-1}>
          {children}
        </main>
      </div>
      <Drawer
        opened={open}
        onClose={sheet.close}
        size={280}
        title={<Brand />}
        closeButtonProps={{ 'aria-label': 'Close the menu' }}
      >
        <Pages nav={nav} foot={foot} onPick={sheet.close} />
      </Drawer>
      <LiveRegion />
      <Toasts />
    </div>
  );
}

export function Brand() {
  return (
    <AppLink href="/" className={classes.brand} aria-label="Coterie: all projects">
      <span className={classes.marks} aria-hidden="true">
        {[1, 2, 3, 4].map((slot) => (
          <SegmentMark key={slot} slot={slot} size={10} />
        ))}
      </span>
      <span className={classes.word}>Coterie</span>
    </AppLink>
  );
}

interface PagesProps {
  nav: Props['nav'];
  foot: NavItem[];
  onPick?: () => void;
  brand?: boolean;
}

function Pages({ nav, foot, onPick, brand = false }: PagesProps) {
  return (
    <nav aria-label="Pages" className={classes.pages}>
      {brand && <Brand />}
      {nav.map((group) => (
        <div key={group.label}>
          <div className={classes.group}>{group.label}</div>
          {group.items.map((item) => (
            <Page key={item.href} item={item} onPick={onPick} />
          ))}
        </div>
      ))}
      <div className={classes.foot}>
        {foot.map((item) => (
          <Page key={item.href} item={item} onPick={onPick} />
        ))}
      </div>
    </nav>
  );
}

function Page({ item, onPick }: { item: NavItem; onPick?: () => void }) {
  return (
    <Tooltip label={item.label} position="right" classNames={{ tooltip: classes.tip }}>
      <AppLink
        href={item.href}
        className={classes.page}
        aria-current={item.current ? 'page' : undefined}
        onClick={onPick}
      >
        <Icon name={item.icon} size={18} />
        <span className={classes.label}>{item.label}</span>
        {item.badge ? <span className={classes.badge}>{item.badge}</span> : null}
      </AppLink>
    </Tooltip>
  );
}
