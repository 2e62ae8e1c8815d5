import { queryOptions, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { type Chosen, withChoice } from '@/lib/settings';
import { api, raw, type Schemas, told } from './client';

export type ProjectInfo = Schemas['ProjectInfo'];
export type Upload = Schemas['Upload'];

export const projectsQuery = queryOptions({
  queryKey: ['projects'],
  queryFn: ({ signal }) => told(api.GET('/api/v1/projects', { signal })),
});

export const useProjects = () => useQuery(projectsQuery);

export function useProject(project: string) {
  return useQuery({
    queryKey: ['project', project],
    queryFn: ({ signal }) =>
      told(api.GET('/api/v1/projects/{project}', { params: { path: { project } }, signal })),
    enabled: project !== '',
  });
}

export function useCreateProject() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (name: string) => told(api.POST('/api/v1/projects', { body: { name } })),
    onSuccess: () => client.invalidateQueries({ queryKey: ['projects'] }),
  });
}

/** What a project holds and what leans on it. */
export function useUses(project: string) {
  return useQuery({
    queryKey: ['project', project, 'uses'],
    queryFn: ({ signal }) =>
      told(api.GET('/api/v1/projects/{project}/uses', { params: { path: { project } }, signal })),
    enabled: project !== '',
    staleTime: 0,
    refetchInterval: (query) => ((query.state.data?.jobs ?? 0) > 0 ? 2_000 : false),
  });
}

export function useRemoveProject() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (project: string) =>
      told(
        api.DELETE('/api/v1/projects/{project}', {
          params: { path: { project }, query: { confirm: project } },
        }),
      ),
    onSuccess: (_, project) => {
      client.removeQueries({ queryKey: ['project', project] });
      return client.invalidateQueries({ queryKey: ['projects'] });
    },
  });
}

export function useUploads(project: string) {
  return useQuery({
    queryKey: ['project', project, 'uploads'],
    queryFn: ({ signal }) =>
      told(
        api.GET('/api/v1/projects/{project}/uploads', { params: { path: { project } }, signal }),
      ),
    enabled: project !== '',
  });
}

/** The currency of a project, as its settings have it; empty until known. */
export function useCurrency(project: string, runId: string | undefined): string {
  const run = useManifest(project, runId);
  return run.data?.currency ?? '';
}

export function useManifest(project: string, runId: string | undefined) {
  return useQuery({
    queryKey: ['project', project, 'run', runId],
    queryFn: async ({ signal }) => {
      const path = { project, run_id: runId ?? '' };
      const found = await told(
        api.GET('/api/v1/projects/{project}/runs/{run_id}', { params: { path }, signal }),
      );
      const settings = (found.manifest as Manifest | undefined)?.settings;
      return {
        currency: settings?.project?.currency ?? '',
        horizon: settings?.segmentation?.horizon ?? '',
        choice: settings?.segmentation ?? {},
      };
    },
    enabled: runId !== undefined,
    staleTime: Number.POSITIVE_INFINITY,
  });
}

/** Let the next run go on with a candidate: the settings of the project name it from now on. */
export function useKeepChoice(project: string) {
  const client = useQueryClient();
  const path = { params: { path: { project } } };
  return useMutation({
    mutationFn: async (chosen: Chosen) => {
      const { toml } = await told(api.GET('/api/v1/projects/{project}/mapping', path));
      const body = { toml: withChoice(toml, chosen) };
      return told(api.PUT('/api/v1/projects/{project}/mapping', { ...path, body }));
    },
    onSuccess: () => client.invalidateQueries({ queryKey: ['project', project] }),
  });
}

interface Manifest {
  settings?: { project?: { currency?: string }; segmentation?: Chosen & { horizon?: string } };
}

/** Send a file with progress, 0 to 1: `fetch` does not tell how much has gone. */
export function sendFile(
  path: string,
  file: File,
  headers: Record<string, string>,
  onProgress: (share: number) => void,
): { done: Promise<{ status: number; body: string; requestId: string }>; stop: () => void } {
  const request = new XMLHttpRequest();
  const done = new Promise<{ status: number; body: string; requestId: string }>(
    (resolve, reject) => {
      request.open('POST', path);
      for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
      request.upload.onprogress = (event) => {
        if (event.lengthComputable) onProgress(event.loaded / event.total);
      };
      request.onload = () =>
        resolve({
          status: request.status,
          body: request.responseText,
          requestId: request.getResponseHeader('x-request-id') ?? '',
        });
      request.onerror = () => reject(new TypeError('no connection'));
      request.onabort = () => reject(new DOMException('stopped', 'AbortError'));
      const form = new FormData();
      form.append('file', file);
      request.send(form);
    },
  );
  return { done, stop: () => request.abort() };
}

export async function saveFile(path: string): Promise<{ blob: Blob; name: string }> {
  const response = await raw(path);
  const told = response.headers.get('content-disposition') ?? '';
  return { blob: await response.blob(), name: /filename="([^"]+)"/.exec(told)?.[1] ?? 'coterie' };
}
