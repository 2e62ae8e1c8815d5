import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { api, type Schemas, told } from './client';

export type Sure = 'sure' | 'check' | 'guess' | 'likely';

export interface MappedColumn {
  column: string;
  user_column: string;
  confidence: number;
  why: string;
  examples: string[];
  sure: Sure;
}

export interface Attribute {
  user_column: string;
  why: string;
  sure: Sure;
  kind: string;
  unit: string;
  protected: string;
}

/** What a file seems to hold. */
export interface Proposal {
  upload: string;
  file: string;
  table: string;
  why: string;
  rows: number;
  columns: MappedColumn[];
  missing: string[];
  unused: string[];
  attributes: Attribute[];
  currency: string;
  currency_why: string;
  time_question: string;
  time_formats: string[];
  service_why: string;
  returns_why: string;
  duplicates_why: string;
  free_why: string;
  notes: string[];
  sure: Sure;
}

export const proposalsOf = (mapping: Schemas['Mapping']): Proposal[] =>
  mapping.proposals as unknown as Proposal[];

export function useProposal(project: string, uploads: string[]) {
  return useQuery({
    queryKey: ['project', project, 'proposal', uploads],
    queryFn: ({ signal }) =>
      told(
        api.POST('/api/v1/projects/{project}/mapping', {
          params: { path: { project } },
          body: { uploads },
          signal,
        }),
      ),
    enabled: project !== '' && uploads.length > 0,
    staleTime: Number.POSITIVE_INFINITY,
  });
}

export function useAcceptMapping(project: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (toml: string) =>
      told(
        api.PUT('/api/v1/projects/{project}/mapping', {
          params: { path: { project } },
          body: { toml },
        }),
      ),
    onSuccess: () => client.invalidateQueries({ queryKey: ['projects'] }),
  });
}
