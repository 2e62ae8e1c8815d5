/** What is said of users: their roles, and whether one may be taken away. */
import type { UserInfo } from '@/api/admin';

const WORDS: Record<string, string> = { viewer: 'Viewer', analyst: 'Analyst' };

export const roleWord = (role: string): string => WORDS[role] ?? role;

/** "Admin", "Analyst in shop, Viewer in cards", "No project yet". */
export function rolesOf(user: Pick<UserInfo, 'admin' | 'roles'>): string {
  if (user.admin) return 'Admin';
  const roles = Object.entries(user.roles);
  if (roles.length === 0) return 'No project yet';
  return roles.map(([project, role]) => `${roleWord(role)} in ${project}`).join(', ');
}

/** Whether nobody else could let people in. */
export function isLastAdmin(user: UserInfo, all: UserInfo[]): boolean {
  const admins = all.filter((one) => one.admin && !one.disabled);
  return user.admin && !user.disabled && admins.length === 1;
}
