/** The addresses of the application; each page is loaded when it is first opened. */
import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  type RouteComponent,
} from '@tanstack/react-router';
import { ApiError } from './api/client';
import { noteSilence } from './api/connection';
import { noteNavigation } from './lib/navigation';
import { parseSearch, type Search, writeSearch } from './lib/urls';
import { Failure, NotFound } from './pages/Odd';
import { Shell } from './shell';

const root = createRootRoute({
  component: Shell,
  notFoundComponent: NotFound,
  errorComponent: Failure,
  validateSearch: (search: Record<string, unknown>) => search as Search,
});

type Load = () => Promise<{ default: RouteComponent }>;
const loads: Load[] = [];

function page(path: string, load: Load) {
  loads.push(load);
  // A page that cannot be fetched is said; the router would load the whole document again.
  const told = () =>
    load().catch(() => {
      noteSilence();
      throw new ApiError(0, { detail: 'This page could not be fetched.' });
    });
  return createRoute({ getParentRoute: () => root, path, component: lazyRouteComponent(told) });
}

/** Fetch all pages while nothing else is to be done, so that they open without a connection. */
export function fetchPages(): void {
  for (const load of [...loads, () => import('./palette')]) load().catch(() => undefined);
}

const routeTree = root.addChildren([
  page('/', () => import('./pages/projects/Projects')),
  page('/start', () => import('./pages/start/Start')),
  page('/start/$upload', () => import('./pages/start/Start')),
  page('/runs/$job', () => import('./pages/start/RunPage')),
  page('/p/$project/overview', () => import('./pages/overview/Overview')),
  page('/p/$project/choice', () => import('./pages/choice/Choice')),
  page('/p/$project/flows', () => import('./pages/flows/Flows')),
  page('/p/$project/live', () => import('./pages/live/Live')),
  page('/p/$project/quality', () => import('./pages/quality/Quality')),
  page('/p/$project/segments', () => import('./pages/segments/Segments')),
  page('/p/$project/segments/compare', () => import('./pages/segments/Compare')),
  page('/p/$project/segments/$segment', () => import('./pages/segment/SegmentPage')),
  page('/p/$project/customers', () => import('./pages/customers/Customers')),
  page('/p/$project/customers/$customer', () => import('./pages/customer/CustomerPage')),
  page('/p/$project/predict', () => import('./pages/predict/Predict')),
  page('/sign-in', () => import('./pages/signin/SignIn')),
  page('/admin/$part', () => import('./pages/admin/Admin')),
]);

export function makeRouter() {
  const router = createRouter({
    routeTree,
    parseSearch,
    stringifySearch: writeSearch,
    defaultPreload: 'intent',
    defaultErrorComponent: Failure,
    scrollRestoration: true,
  });
  router.subscribe('onBeforeNavigate', ({ pathChanged, fromLocation }) => {
    if (pathChanged && fromLocation) noteNavigation();
  });
  return router;
}

declare module '@tanstack/react-router' {
  interface Register {
    router: ReturnType<typeof makeRouter>;
  }
}
