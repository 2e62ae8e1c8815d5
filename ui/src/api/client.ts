/**
 * The one way to the server: a typed client, one shape of error, and one place for the token
 * that a session asks of every request that changes something.
 */
import createClient, { type Middleware } from 'openapi-fetch';
import { noteAnswer, noteSilence } from './connection';
import type { components, paths } from './schema';

export type Schemas = components['schemas'];

/** What went wrong, in the server's words. */
export class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  readonly allowed: string;
  readonly hint: string;
  readonly where: string;
  readonly requestId: string;

  constructor(status: number, told: Partial<Schemas['Problem']>, requestId = '') {
    super(told.detail || 'The server did not answer.');
    this.name = 'ApiError';
    this.status = status;
    this.code = told.code ?? 'unreachable';
    this.allowed = told.allowed ?? '';
    this.hint = told.hint ?? '';
    this.where = told.where ?? '';
    this.requestId = requestId;
  }
}

/** Header and value that every request that changes something carries, once there are sessions. */
let token: string | null = null;
const TOKEN_HEADER = 'X-CSRF-Token';

export function setToken(value: string | null): void {
  token = value;
}

export function changing(): Record<string, string> {
  return token ? { [TOKEN_HEADER]: token } : {};
}

/** What is done when a session ends while a page is open; what was typed there is kept. */
let onEnd: (() => void) | null = null;

export function whenEnded(act: (() => void) | null): void {
  onEnd = act;
}

/** Where a visitor without a session is sent; the page they wanted comes back afterwards. */
export function signIn(): void {
  if (token !== null && onEnd) {
    onEnd();
    return;
  }
  const { pathname, search } = window.location;
  if (pathname === '/sign-in') return;
  window.location.assign(`/sign-in?next=${encodeURIComponent(pathname + search)}`);
}

const guard: Middleware = {
  onRequest({ request }) {
    if (request.method === 'GET' || request.method === 'HEAD') return undefined;
    for (const [name, value] of Object.entries(changing())) request.headers.set(name, value);
    return request;
  },
  onResponse({ response }) {
    noteAnswer();
    if (response.status === 401) signIn();
    return undefined;
  },
};

export const api = createClient<paths>({
  baseUrl: typeof window === 'undefined' ? '' : window.location.origin,
});
api.use(guard);

/** Return what was answered, or throw what went wrong. */
export async function told<T>(
  asked: Promise<{ data?: T; error?: unknown; response: Response }>,
): Promise<T> {
  const { data, error, response } = await asked.catch((reason: unknown) => {
    if (reason instanceof DOMException && reason.name === 'AbortError') throw reason;
    noteSilence();
    throw new ApiError(0, {});
  });
  if (response.ok) return data as T;
  throw await failure(response, error);
}

async function failure(response: Response, error: unknown): Promise<ApiError> {
  const id = response.headers.get('x-request-id') ?? '';
  const known = typeof error === 'object' && error !== null ? error : {};
  const words = { detail: `The server answered ${response.status}.`, code: 'unexpected', ...known };
  return new ApiError(response.status, words as Partial<Schemas['Problem']>, id);
}

/** Fetch what the typed client cannot: files up and down. */
export async function raw(path: string, init: RequestInit = {}): Promise<Response> {
  const headers = init.method && init.method !== 'GET' ? changing() : {};
  const response = await fetch(path, { ...init, headers: { ...headers, ...init.headers } }).catch(
    () => {
      noteSilence();
      throw new ApiError(0, {});
    },
  );
  noteAnswer();
  if (response.status === 401) signIn();
  if (response.ok) return response;
  throw await failure(response, await response.json().catch(() => ({})));
}

/** The address of something of a project. */
export function at(project: string, ...rest: string[]): string {
  return ['/api/v1/projects', project, ...rest]
    .map((one, n) => (n ? encodeURIComponent(one) : one))
    .join('/');
}
