/** Who a customer is: told, hidden with the reason, or nothing where nothing is kept. */
import { MantineProvider } from '@mantine/core';
import { render } from '@testing-library/react';
import { expect, test } from 'vitest';
import type { CustomerDetail } from '@/api/customers';
import { Who } from './Who';

const said = (told: Partial<CustomerDetail>) =>
  render(
    <MantineProvider>
      <Who customer={told as CustomerDetail} />
    </MantineProvider>,
  ).container.querySelector('dl, p')?.textContent;

test('names are told', () => {
  expect(said({ identity: { full_name: 'Anna' } })).toBe('full nameAnna');
});

test('hidden names say why', () => {
  const why = 'Names need the role Admin.';
  expect(said({ identity: null, identity_reason: why })).toBe(`●●●● ${why}`);
});

test('where none are kept nothing is said', () => {
  expect(said({ identity_reason: 'Names are not kept in this project.' })).toBeUndefined();
});
