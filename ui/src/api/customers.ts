import { keepPreviousData, useMutation, useQuery } from '@tanstack/react-query';
import { api, type Schemas, told } from './client';
import type { paths } from './schema';

export type Customer = Schemas['Customer'];
export type CustomerDetail = Schemas['CustomerDetail'];
export type Entry = Schemas['Entry'];
export type Lever = Schemas['Lever'];
export type Supposed = Schemas['Supposed'];
export type Value = string | number | boolean;

export type Cause = NonNullable<
  NonNullable<paths['/api/v1/projects/{project}/customers']['get']['parameters']['query']>['cause']
>;

export interface Listing {
  sort?: string;
  search?: string;
  segment?: string;
  moved_from?: string;
  cause?: Cause;
  cursor?: string;
  limit?: number;
}

export function useCustomers(project: string, listing: Listing, enabled = true) {
  return useQuery({
    queryKey: ['project', project, 'customers', listing],
    queryFn: ({ signal }) =>
      told(
        api.GET('/api/v1/projects/{project}/customers', {
          params: { path: { project }, query: listing },
          signal,
        }),
      ),
    placeholderData: keepPreviousData,
    enabled,
  });
}

const path = (project: string, customer: string) => ({ project, customer_id: customer });
const key = (project: string, customer: string, what = '') => [
  'project',
  project,
  'customer',
  customer,
  what,
];

export function useCustomer(project: string, customer: string) {
  return useQuery({
    queryKey: key(project, customer),
    queryFn: ({ signal }) =>
      told(
        api.GET('/api/v1/projects/{project}/customers/{customer_id}', {
          params: { path: path(project, customer) },
          signal,
        }),
      ),
  });
}

export interface Reason {
  feature: string;
  label: string;
  text: string;
  value: number | null;
  place: number | null;
}

export interface Gap {
  feature: string;
  label: string;
  text: string;
}

export function useWhy(project: string, customer: string, notIn = '') {
  return useQuery({
    queryKey: [...key(project, customer, 'why'), notIn],
    queryFn: ({ signal }) =>
      told(
        api.GET('/api/v1/projects/{project}/customers/{customer_id}/why', {
          params: { path: path(project, customer), query: { not_in: notIn } },
          signal,
        }),
      ),
  });
}

export function useTimeline(project: string, customer: string, cursor = '') {
  return useQuery({
    queryKey: [...key(project, customer, 'timeline'), cursor],
    queryFn: ({ signal }) =>
      told(
        api.GET('/api/v1/projects/{project}/customers/{customer_id}/timeline', {
          params: { path: path(project, customer), query: { limit: 200, cursor } },
          signal,
        }),
      ),
    placeholderData: keepPreviousData,
  });
}

export function useAhead(project: string, customer: string) {
  return useQuery({
    queryKey: key(project, customer, 'value'),
    queryFn: ({ signal }) =>
      told(
        api.GET('/api/v1/projects/{project}/customers/{customer_id}/value', {
          params: { path: path(project, customer) },
          signal,
        }),
      ),
  });
}

export function useProducts(project: string, customer: string) {
  return useQuery({
    queryKey: key(project, customer, 'products'),
    queryFn: ({ signal }) =>
      told(
        api.GET('/api/v1/projects/{project}/customers/{customer_id}/products', {
          params: { path: path(project, customer), query: { n: 10 } },
          signal,
        }),
      ),
  });
}

export function useOffers(project: string, customer: string) {
  return useQuery({
    queryKey: key(project, customer, 'offers'),
    queryFn: ({ signal }) =>
      told(
        api.GET('/api/v1/projects/{project}/customers/{customer_id}/offers', {
          params: { path: path(project, customer) },
          signal,
        }),
      ),
  });
}

export function useCheapest(project: string, customer: string) {
  return useQuery({
    queryKey: key(project, customer, 'cheapest'),
    queryFn: ({ signal }) =>
      told(
        api.GET('/api/v1/projects/{project}/customers/{customer_id}/what-if', {
          params: { path: path(project, customer) },
          signal,
        }),
      ),
  });
}

/** A customer scored again with changes; with none, only what can change is told. */
export function useSupposed(project: string, customer: string, changes: Record<string, Value>) {
  return useQuery({
    queryKey: [...key(project, customer, 'what-if'), changes],
    queryFn: ({ signal }) =>
      told(
        api.POST('/api/v1/projects/{project}/customers/{customer_id}/what-if', {
          params: { path: path(project, customer) },
          body: { changes },
          signal,
        }),
      ),
    placeholderData: keepPreviousData,
  });
}

export function useFeedback(project: string) {
  return useMutation({
    mutationFn: (row: Schemas['Touch']) =>
      told(
        api.POST('/api/v1/projects/{project}/feedback', {
          params: { path: { project } },
          body: { rows: [row] },
        }),
      ),
  });
}
