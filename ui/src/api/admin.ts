/** Users, keys, the audit log, and the rights of people: for admins. */
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { api, type Schemas, told } from './client';

export type UserInfo = Schemas['UserInfo'];
export type KeyInfo = Schemas['KeyInfo'];
export type AuditEntry = Schemas['AuditEntry'];
export type Access = Schemas['Access'];
export type NewKey = Schemas['NewKey'];
export type NewUser = Schemas['NewUser'];
export type UserChange = Schemas['UserChange'];

export const useUsers = (enabled = true) =>
  useQuery({
    queryKey: ['admin', 'users'],
    queryFn: ({ signal }) => told(api.GET('/api/v1/users', { signal })),
    enabled,
  });

function useChanging<In, Out>(what: string, mutationFn: (wish: In) => Promise<Out>) {
  const client = useQueryClient();
  return useMutation({
    mutationFn,
    onSuccess: () => client.invalidateQueries({ queryKey: ['admin', what] }),
  });
}

export const useInvite = () =>
  useChanging('users', (body: NewUser) => told(api.POST('/api/v1/users', { body })));

export const useChangeUser = () =>
  useChanging('users', ({ id, ...body }: UserChange & { id: string }) =>
    told(api.PATCH('/api/v1/users/{user_id}', { params: { path: { user_id: id } }, body })),
  );

export const useRemoveUser = () =>
  useChanging('users', (id: string) =>
    told(api.DELETE('/api/v1/users/{user_id}', { params: { path: { user_id: id } } })),
  );

export const useResetPassword = () =>
  useChanging('users', (id: string) =>
    told(api.POST('/api/v1/users/{user_id}/password', { params: { path: { user_id: id } } })),
  );

export const useKeys = (enabled = true) =>
  useQuery({
    queryKey: ['admin', 'keys'],
    queryFn: ({ signal }) => told(api.GET('/api/v1/keys', { signal })),
    enabled,
  });

export const useMakeKey = () =>
  useChanging('keys', (body: NewKey) => told(api.POST('/api/v1/keys', { body })));

export const useRevokeKey = () =>
  useChanging('keys', (id: string) =>
    told(api.DELETE('/api/v1/keys/{key_id}', { params: { path: { key_id: id } } })),
  );

export const useAudit = (cursor: string) =>
  useQuery({
    queryKey: ['admin', 'audit', cursor],
    queryFn: ({ signal }) =>
      told(api.GET('/api/v1/audit', { params: { query: { cursor, limit: 50 } }, signal })),
    staleTime: 0,
  });

export const useAccess = () =>
  useMutation({
    mutationFn: ({ project, id }: { project: string; id: string }) =>
      told(
        api.GET('/api/v1/projects/{project}/customers/{customer_id}/access', {
          params: { path: { project, customer_id: id } },
        }),
      ),
  });

export const useErase = (project: string) =>
  useMutation({
    mutationFn: ({ id, reason }: { id: string; reason: string }) =>
      told(
        api.DELETE('/api/v1/projects/{project}/customers/{customer_id}', {
          params: { path: { project, customer_id: id }, query: { reason } },
        }),
      ),
  });
