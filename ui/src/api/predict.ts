import { useMutation, useQuery } from '@tanstack/react-query';
import { api, at, raw, type Schemas, told } from './client';

export type Form = Schemas['Form'];
export type Answer = Schemas['Answer'];

/** What is sent, and its word. */
export interface Choice {
  code: string;
  word: string;
}

/** A field that is asked for. */
export interface Field {
  name: string;
  kind: string;
  label: string;
  unit: string;
  choices: Choice[];
  min: number | null;
  max: number | null;
  low: number | null;
  high: number | null;
  required: boolean;
  used: boolean;
  protected: string;
  example: string;
}

export const fieldsOf = (form: Form): Field[] => form.fields as unknown as Field[];

export function useForm(project: string, label = '') {
  return useQuery({
    queryKey: ['project', project, 'form', label],
    queryFn: ({ signal }) =>
      told(
        api.GET('/api/v1/projects/{project}/predict/form', {
          params: { path: { project }, query: { label } },
          signal,
        }),
      ),
  });
}

export function usePredict(project: string, label = '') {
  return useMutation({
    mutationFn: async (row: Record<string, unknown>) =>
      (await told(
        api.POST('/api/v1/projects/{project}/predict', {
          params: { path: { project }, query: { label } },
          body: { rows: [row] },
        }),
      )) as Schemas['PredictAnswer'],
  });
}

export function usePredictFile(project: string, label = '') {
  return useMutation({
    mutationFn: async (file: File) => {
      const query = label ? `?label=${encodeURIComponent(label)}` : '';
      const answer = await raw(`${at(project, 'predict')}${query}`, {
        method: 'POST',
        headers: { 'content-type': 'text/csv' },
        body: file,
      });
      return answer.blob();
    },
  });
}
