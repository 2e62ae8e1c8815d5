/** Where the visitor is: the project, the run that is looked at, and addresses from here. */
import { useNavigate, useParams, useRouter, useSearch } from '@tanstack/react-router';
import { useCallback } from 'react';
import { useProject } from './api/projects';
import { type RunInfo, useRuns } from './api/runs';
import { kept, pageHref, type Search } from './lib/urls';

export interface Place {
  project: string;
  /** As people call the project. */
  name: string;
  search: Search;
  runs: RunInfo[];
  /** The run that is looked at. */
  run?: RunInfo;
  /** Its id, unless it is the published one: then it is left to the server. */
  runId?: string;
  asOf: string | null;
  /** Whether events come as they happen. */
  live: boolean;
  href: (parts: string[], search?: Record<string, unknown>) => string;
}

export function usePlace(): Place {
  const { project = '' } = useParams({ strict: false }) as { project?: string };
  const search = useSearch({ strict: false }) as Search;
  const info = useProject(project);
  const runs = useRuns(project).data?.items ?? [];
  const run = runOf(runs, search);
  const stay = JSON.stringify(kept(search));
  const href = useCallback(
    (parts: string[], more: Record<string, unknown> = {}) =>
      pageHref(project, parts, { ...(JSON.parse(stay) as Search), ...more }),
    [project, stay],
  );
  return {
    project,
    name: info.data?.title || project,
    search,
    runs,
    run,
    runId: run && !run.published ? run.run_id : undefined,
    asOf: run?.as_of ?? info.data?.as_of ?? null,
    live: info.data?.live ?? false,
    href,
  };
}

/** The run that a search names: a candidate, the newest that was published of a day, or the one that is. */
export function runOf(runs: RunInfo[], search: Search): RunInfo | undefined {
  const { candidate, asof } = search;
  if (candidate) return runs.find((run) => run.run_id === candidate);
  if (asof) {
    const ofDay = runs.filter((run) => run.as_of === asof && !run.trial);
    return ofDay.find((run) => run.published) ?? ofDay[0];
  }
  return runs.find((run) => run.published);
}

/** Change parts of the search; empty ones are taken out. */
export function useSetSearch(): (
  change: Record<string, string | undefined>,
  replace?: boolean,
) => void {
  const navigate = useNavigate();
  return useCallback(
    (change, replace = false) => {
      void navigate({
        to: '.',
        replace,
        search: ((now: Search) => {
          const next: Search = { ...now };
          for (const [name, value] of Object.entries(change)) {
            if (value) next[name] = value;
            else delete next[name];
          }
          return next;
        }) as never,
      });
    },
    [navigate],
  );
}

/** Open an address of the application. */
export function useGo(): (href: string) => void {
  const router = useRouter();
  return useCallback((href) => router.history.push(href), [router]);
}
