/** Who is signed in, what she may, and the ways in and out. */
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { Role } from '@/lib/role';
import { api, type Schemas, setToken, told } from './client';

export type Session = Schemas['Session'];

const KEY = ['session'];

function taken(session: Session): Session {
  setToken(session.csrf || null);
  return session;
}

export function useSession() {
  return useQuery({
    queryKey: KEY,
    queryFn: async ({ signal }) => taken(await told(api.GET('/api/v1/session', { signal }))),
    staleTime: Number.POSITIVE_INFINITY,
  });
}

export function useSignIn() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: { email: string; password: string }) =>
      told(api.POST('/api/v1/session', { body })),
    onSuccess: (session) => client.setQueryData(KEY, taken(session)),
  });
}

export function useSignOut() {
  return useMutation({
    mutationFn: () => told(api.DELETE('/api/v1/session')),
    onSuccess: () => {
      setToken(null);
      // Everything that was seen is forgotten with the page.
      window.location.assign('/sign-in');
    },
  });
}

export function useChangePassword() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: { old: string; new: string }) =>
      told(api.PUT('/api/v1/session/password', { body })),
    onSuccess: (session) => client.setQueryData(KEY, taken(session)),
  });
}

/** What somebody is in a project; without accounts everybody is an admin. */
export function roleIn(session: Session | undefined, project: string): Role {
  if (!session || session.kind === 'local' || session.admin) return 'admin';
  const role = session.roles?.[project];
  return role === 'analyst' || role === 'viewer' ? role : 'none';
}
