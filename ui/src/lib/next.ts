/** Where one goes on after signing in: only to a page of this very application. */
export function innerPath(next: string | undefined): string {
  if (!next?.startsWith('/')) return '/';
  const url = new URL(next, 'http://here.invalid');
  const inside = url.host === 'here.invalid' && !url.pathname.startsWith('/sign-in');
  return inside ? `${url.pathname}${url.search}` : '/';
}
