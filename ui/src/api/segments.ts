import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { api, type Schemas, told } from './client';

export type Segment = Schemas['Segment'];
export type SegmentDetail = Schemas['SegmentDetail'];

/** How a segment differs from the rest in one feature; effect from −1 (below all) to 1. */
export interface Driver {
  feature: string;
  label: string;
  median: number | null;
  rest: number | null;
  effect: number;
  p: number;
}

export interface Rule {
  text: string;
  sql: string;
  precision: number;
  recall: number;
}

export interface SegmentProduct {
  product_id: string;
  name: string;
  n: number;
  lift: number;
  share?: number;
  rest?: number;
}

export const driversOf = (segment: Segment): Driver[] =>
  (segment.drivers ?? []) as unknown as Driver[];
export const ruleOf = (segment: Segment): Rule | null => (segment.rule ?? null) as Rule | null;
export const productsOf = (segment: Segment): SegmentProduct[] =>
  (segment.top_products ?? []) as unknown as SegmentProduct[];

const key = (project: string, runId: string | undefined) => [
  'project',
  project,
  'segments',
  runId ?? '',
];

export function useSegments(project: string, runId?: string) {
  return useQuery({
    queryKey: key(project, runId),
    queryFn: ({ signal }) =>
      told(
        api.GET('/api/v1/projects/{project}/segments', {
          params: { path: { project }, query: { run_id: runId } },
          signal,
        }),
      ),
  });
}

export function useSegment(project: string, segmentId: string, runId?: string) {
  return useQuery({
    queryKey: [...key(project, runId), segmentId],
    queryFn: ({ signal }) =>
      told(
        api.GET('/api/v1/projects/{project}/segments/{segment_id}', {
          params: { path: { project, segment_id: segmentId }, query: { run_id: runId } },
          signal,
        }),
      ),
  });
}

export function useRenameSegment(project: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ id, name, was }: { id: string; name: string; was?: string }) =>
      told(
        api.PATCH('/api/v1/projects/{project}/segments/{segment_id}', {
          params: { path: { project, segment_id: id } },
          body: { name, was: was ?? null },
        }),
      ),
    onSuccess: () => client.invalidateQueries({ queryKey: ['project', project] }),
  });
}

const of = (project: string, segmentId: string) => ({
  params: { path: { project, segment_id: segmentId } },
});

export function useNote(project: string, segmentId: string) {
  return useQuery({
    queryKey: ['project', project, 'note', segmentId],
    queryFn: ({ signal }) =>
      told(
        api.GET('/api/v1/projects/{project}/segments/{segment_id}/note', {
          ...of(project, segmentId),
          signal,
        }),
      ),
  });
}

export function useSaveNote(project: string, segmentId: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: Schemas['Note']) =>
      told(
        api.PUT('/api/v1/projects/{project}/segments/{segment_id}/note', {
          ...of(project, segmentId),
          body,
        }),
      ),
    onSuccess: (note) => client.setQueryData(['project', project, 'note', segmentId], note),
  });
}

export function useSizes(project: string, segmentId: string) {
  return useQuery({
    queryKey: ['project', project, 'sizes', segmentId],
    queryFn: ({ signal }) =>
      told(
        api.GET('/api/v1/projects/{project}/segments/{segment_id}/sizes', {
          ...of(project, segmentId),
          signal,
        }),
      ),
  });
}

export function useAheadOfSegment(project: string, segmentId: string, runId?: string) {
  return useQuery({
    queryKey: [...key(project, runId), segmentId, 'ahead'],
    queryFn: ({ signal }) =>
      told(
        api.GET('/api/v1/projects/{project}/segments/{segment_id}/ahead', {
          params: { path: { project, segment_id: segmentId }, query: { run_id: runId } },
          signal,
        }),
      ),
  });
}

/** What members and the rest spent, as dots. */
export function useSpread(project: string, segmentId: string, runId?: string) {
  return useQuery({
    queryKey: [...key(project, runId), segmentId, 'spread'],
    queryFn: ({ signal }) =>
      told(
        api.GET('/api/v1/projects/{project}/segments/{segment_id}/spread', {
          params: { path: { project, segment_id: segmentId }, query: { run_id: runId } },
          signal,
        }),
      ),
  });
}

/** What the plan has for one segment; numbers are null where customers are few. */
export interface PlannedOffers {
  id: string;
  planned: number | null;
  offers: {
    offer_id: string;
    name: string;
    planned: number | null;
    contacts: number | null;
    reason: string;
  }[];
}

export function usePlan(project: string, runId?: string) {
  return useQuery({
    queryKey: ['project', project, 'plan', runId ?? ''],
    queryFn: ({ signal }) =>
      told(
        api.GET('/api/v1/projects/{project}/offers/plan', {
          params: { path: { project }, query: { run_id: runId } },
          signal,
        }),
      ),
  });
}

export interface Feature {
  name: string;
  label: string;
  unit: string;
  expr: string;
}

export function useFeatures(project: string) {
  return useQuery({
    queryKey: ['project', project, 'features'],
    queryFn: async ({ signal }) => {
      const found = await told(
        api.GET('/api/v1/projects/{project}/features', { params: { path: { project } }, signal }),
      );
      return new Map((found.items as unknown as Feature[]).map((one) => [one.name, one]));
    },
    staleTime: Number.POSITIVE_INFINITY,
  });
}
