/** The frame as it is on every page: wired to projects, runs and the address. */

import { ActionIcon, Tooltip } from '@mantine/core';
import { Outlet, useRouterState } from '@tanstack/react-router';
import { lazy, Suspense, useEffect, useState } from 'react';
import { Account, SessionEnded } from './account';
import { signIn } from './api/client';
import { type ProjectInfo, useProjects } from './api/projects';
import type { RunInfo } from './api/runs';
import { roleIn, type Session, useSession } from './api/session';
import { AppFrame, type NavItem } from './components/AppFrame';
import { AsOfSwitch, type DateChoice } from './components/AsOfSwitch';
import { Icon } from './components/Icon';
import { OfflineBand } from './components/OfflineBand';
import { ProjectSwitch } from './components/ProjectSwitch';
import { ThemeToggle } from './components/ThemeToggle';
import { mayAs, RoleContext } from './lib/role';
import { pageHref, startHref } from './lib/urls';
import { NAV, navOf } from './nav';
import { type Place, runOf, usePlace, useSetSearch } from './place';
import { useShortcuts } from './shortcuts';
import { WhichRun } from './whichRun';

const Palette = lazy(() => import('./palette'));

/** Where a project opens. */
export const homeOf = (project: ProjectInfo): string =>
  project.run_id
    ? pageHref(project.name, [NAV[0]?.pages[0]?.id ?? 'segments'])
    : startHref(project.name);

/** The door stands alone; all other pages need to know who is asking. */
export function Shell() {
  const path = useRouterState({ select: (state) => state.location.pathname });
  const session = useSession();
  const known = session.data;
  const away =
    path !== '/sign-in' && known?.accounts && (!known.signed_in || known.must_change === true);
  useEffect(() => {
    if (away) signIn();
  }, [away]);
  if (path === '/sign-in')
    return (
      <main>
        <Outlet />
      </main>
    );
  if (session.isPending || away) return null;
  return <Frame session={known} />;
}

function Frame({ session }: { session: Session | undefined }) {
  const place = usePlace();
  const projects = useProjects();
  const path = useRouterState({ select: (state) => state.location.pathname });
  const [asked, setAsked] = useState(false);
  useShortcuts(place, () => setAsked(true));
  const inside = place.project !== '';
  const nav = inside
    ? navOf(place.live).map((group) => ({
        label: group.label,
        items: group.pages.map((page): NavItem => {
          const href = place.href([page.id]);
          const root = pageHref(place.project, [page.id]);
          return {
            label: page.label,
            icon: page.icon,
            href,
            current: path === root || path.startsWith(`${root}/`),
          };
        }),
      }))
    : [];
  const role = roleIn(session, place.project);
  const foot: NavItem[] = [];
  if (mayAs(role, 'analyst'))
    foot.push({ label: 'New run', icon: 'add', href: startHref(place.project) });
  if (role === 'admin') foot.push({ label: 'Admin', icon: 'admin', href: '/admin/users' });
  const choices = (projects.data?.items ?? []).map((one) => ({
    id: one.name,
    name: one.title || one.name,
    asOf: one.as_of ?? null,
    ready: Boolean(one.run_id),
    href: homeOf(one),
  }));
  return (
    <AppFrame
      nav={nav}
      foot={foot}
      project={
        inside && <ProjectSwitch projects={choices} value={place.project} name={place.name} />
      }
      asOf={inside && <Dates place={place} />}
      tools={
        <>
          {inside && (
            <Tooltip label="Go to a page, segment or customer: Ctrl K">
              <ActionIcon color="ink" aria-label="Search" onClick={() => setAsked(true)}>
                <Icon name="search" size={18} />
              </ActionIcon>
            </Tooltip>
          )}
          <ThemeToggle />
          {session && <Account session={session} project={place.project} />}
        </>
      }
      banner={
        <>
          <OfflineBand />
          {inside && (
            <RoleContext.Provider value={role}>
              <WhichRun key={place.run?.run_id} place={place} />
            </RoleContext.Provider>
          )}
        </>
      }
    >
      <RoleContext.Provider value={role}>
        <Outlet />
      </RoleContext.Provider>
      {session?.signed_in && <SessionEnded session={session} />}
      {asked && (
        <Suspense fallback={null}>
          <Palette place={place} onClose={() => setAsked(false)} />
        </Suspense>
      )}
    </AppFrame>
  );
}

const choiceOf = (run: RunInfo): DateChoice => ({
  id: run.run_id,
  asOf: run.as_of ?? null,
  published: run.published,
  candidate: run.trial,
});

/** All runs, the newest of each day; others of the same day by their id. */
function Dates({ place }: { place: Place }) {
  const setSearch = useSetSearch();
  return (
    <AsOfSwitch
      dates={place.runs.map(choiceOf)}
      value={place.run && choiceOf(place.run)}
      onChange={(choice) => {
        const ofDay = choice.asOf ? runOf(place.runs, { asof: choice.asOf }) : undefined;
        const byDay = ofDay?.run_id === choice.id;
        setSearch({
          asof: choice.published || !byDay ? undefined : (choice.asOf ?? undefined),
          candidate: choice.published || byDay ? undefined : choice.id,
        });
      }}
    />
  );
}
