import { Button, Menu } from '@mantine/core';
import { counted, date, eve } from '@/lib/format';
import { useWhyNot } from '@/lib/role';
import { ActButton } from './ActButton';
import { Icon } from './Icon';

export interface ExportKind {
  label: string;
  href: string;
}

interface Props {
  /** How many customers the file will hold. */
  count: number | null;
  asOf: string | null;
  kinds: ExportKind[];
  /** The one filled button of the page. */
  main?: boolean;
}

/** Files of exactly the customers that are counted; the browser saves what the server streams. */
export function ExportMenu({ count, asOf, kinds, main = false }: Props) {
  const reason = useWhyNot('analyst', 'Exporting');
  if (reason !== null)
    return (
      <ActButton needs="analyst" act="Exporting" variant={main ? 'filled' : 'default'}>
        Export {counted(count, 'customer')}
      </ActButton>
    );
  const day = asOf ? ` as of ${date(eve(asOf))}` : '';
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <Button variant={main ? 'filled' : 'default'} leftSection={<Icon name="download" />}>
          Export {counted(count, 'customer')}
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>
          {counted(count, 'customer')}
          {day}
        </Menu.Label>
        {kinds.map((kind) => (
          <Menu.Item key={kind.href} component="a" href={kind.href} download>
            {kind.label}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
