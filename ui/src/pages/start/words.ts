/** Our columns, stages and questions in the words of the page. */
import type { JobKind } from '@/api/jobs';
import type { Stage } from '@/components/JobProgress';

const ROLES: Record<string, string> = {
  customer_id: 'Customer id',
  timestamp: 'Time',
  amount: 'Amount of the line',
  quantity: 'Quantity',
  unit_price: 'Unit price',
  order_id: 'Order id',
  line_id: 'Line id',
  product_id: 'Product id',
  product_name: 'Product name',
  category: 'Category',
  channel: 'Channel',
  country: 'Country',
  discount: 'Discount',
  valid_from: 'Valid from',
  visitor_id: 'Visitor id',
  type: 'Kind of event',
  event_id: 'Event id',
  session_id: 'Visit',
  value: 'Value',
  text: 'Text',
  text_id: 'Text id',
  touch_id: 'Contact id',
  offer_id: 'Offer',
  treated: 'Was contacted',
  responded: 'Responded',
  propensity: 'Chance of contact',
};

const OF_TABLE: Record<string, string[]> = {
  orders: [
    'customer_id',
    'timestamp',
    'amount',
    'quantity',
    'unit_price',
    'order_id',
    'line_id',
    'product_id',
    'product_name',
    'category',
    'channel',
    'country',
    'discount',
  ],
  customers: ['customer_id', 'valid_from'],
  events: [
    'customer_id',
    'visitor_id',
    'timestamp',
    'type',
    'event_id',
    'session_id',
    'product_id',
    'channel',
    'value',
  ],
  texts: ['customer_id', 'timestamp', 'text', 'text_id'],
  touches: [
    'touch_id',
    'customer_id',
    'timestamp',
    'offer_id',
    'channel',
    'treated',
    'responded',
    'value',
    'propensity',
  ],
};

export const roleName = (role: string): string => ROLES[role] ?? role;

export const rolesFor = (table: string): { value: string; label: string }[] =>
  (OF_TABLE[table] ?? []).map((role) => ({ value: role, label: roleName(role) }));

export const TABLES: Record<string, string> = {
  orders: 'orders',
  customers: 'customers, one row each',
  events: 'events',
  texts: 'texts',
  touches: 'contacts',
};

const STAGES: Record<string, string> = {
  read: 'Read and check the data',
  measure: 'Measure every customer',
  choose: 'Try candidates and choose',
  place: 'Place every customer',
  profile: 'Describe the segments',
  write: 'Write the run',
};

const OF_KIND: Partial<Record<JobKind, string[]>> = {
  value: ['measure', 'place', 'write'],
  products: ['measure', 'profile'],
  offers: ['read', 'profile'],
  prospects: ['measure', 'choose'],
  flows: ['measure'],
};

export const stagesOf = (kind: string): Stage[] =>
  (OF_KIND[kind as JobKind] ?? Object.keys(STAGES)).map((id) => ({ id, label: STAGES[id] ?? id }));

export const KINDS: Record<string, string> = {
  run: 'Run',
  train: 'Refit',
  candidate: 'Candidate',
  value: 'Expected spend',
  products: 'Products',
  offers: 'Offers',
  prospects: 'Prospects',
  flows: 'Flows',
};
