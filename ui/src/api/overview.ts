/** A run at a glance, and how its segmentation was chosen. */
import { useQuery } from '@tanstack/react-query';
import { api, type Schemas, told } from './client';

export type Overview = Schemas['Overview'] & { currency?: string };

export interface InsightPart {
  text?: string;
  segment?: string;
  value?: number;
  unit?: string;
  low?: number;
  high?: number;
}

export interface Told {
  kind: string;
  parts: InsightPart[];
  test: string;
  link: { segment?: string; from?: string; to?: string; cause?: string } | null;
}

export const insightsOf = (overview: Overview): Told[] => overview.insights as unknown as Told[];

export interface Proof {
  value: number | null;
  low?: number | null;
  high?: number | null;
  /** Why it is not told. */
  reason?: string;
  /** The least that will do. */
  needed?: number;
}

export interface ProofSet {
  method: string;
  holds_later: Proof;
  comes_back: Proof;
  told_by_rules: Proof;
  smallest: Proof;
}

export const proofsOf = (overview: Overview): ProofSet => overview.proofs as unknown as ProofSet;

/** What moved customers between two moments, by the number of customers. */
export type Causes = Partial<Record<string, number | null>>;

export function useOverview(project: string, runId?: string) {
  return useQuery({
    queryKey: ['project', project, 'overview', runId ?? ''],
    queryFn: ({ signal }) =>
      told(
        api.GET('/api/v1/projects/{project}/overview', {
          params: { path: { project }, query: { run_id: runId } },
          signal,
        }),
      ) as Promise<Overview>,
  });
}

export interface Candidate {
  algorithm: string;
  features: string;
  k: number;
  P: number | null;
  ci: [number, number] | null;
  S_w: number | null;
  S_min: number | null;
  D: number | null;
  silhouette: number | null;
  db: number | null;
  ch: number | null;
  inertia: number | null;
  reference: boolean;
  chosen: boolean;
  reason_lost: string;
}

export interface Check {
  name: string;
  found: string;
  needed: string;
  passed: boolean;
}

export interface SweepPoint {
  k: number;
  inertia: number | null;
  silhouette: number | null;
  p: number | null;
  p_low: number | null;
  p_high: number | null;
}

export interface Choice {
  run_id: string;
  as_of: string | null;
  sentences: string[];
  verdict: string;
  judged: string[];
  gates: Check[];
  natural: Check[];
  candidates: Candidate[];
  sweep: SweepPoint[];
  chosen_k: number | null;
  method: string;
  not_as: string;
}

export function useChoice(project: string, runId?: string) {
  return useQuery({
    queryKey: ['project', project, 'choice', runId ?? ''],
    queryFn: async ({ signal }) =>
      (await told(
        api.GET('/api/v1/projects/{project}/choice', {
          params: { path: { project }, query: { run_id: runId } },
          signal,
        }),
      )) as unknown as Choice,
  });
}
