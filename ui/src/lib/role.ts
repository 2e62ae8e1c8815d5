/** What the visitor may do in the project that is looked at. */
import { createContext, useContext } from 'react';

export type Role = 'none' | 'viewer' | 'analyst' | 'admin';

const RANKS: Role[] = ['none', 'viewer', 'analyst', 'admin'];

export const RoleContext = createContext<Role>('admin');

export const mayAs = (role: Role, needed: Role): boolean =>
  RANKS.indexOf(role) >= RANKS.indexOf(needed);

/** Why an act may not be done here: "Exporting needs the role Analyst. Ask an admin." */
export function useWhyNot(needed: 'analyst' | 'admin', act: string): string | null {
  const role = useContext(RoleContext);
  if (mayAs(role, needed)) return null;
  return `${act} needs the role ${needed === 'admin' ? 'Admin' : 'Analyst'}. Ask an admin.`;
}
