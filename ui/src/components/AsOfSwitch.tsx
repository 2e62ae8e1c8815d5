import { Button, Menu } from '@mantine/core';
import { date, eve } from '@/lib/format';
import { Icon } from './Icon';

export interface DateChoice {
  /** What goes into the address. */
  id: string;
  /** As the API has it: rows before this day. Null where the data have no dates. */
  asOf: string | null;
  published: boolean;
  candidate?: boolean;
}

interface Props {
  dates: DateChoice[];
  value?: DateChoice;
  onChange: (choice: DateChoice) => void;
}

const nameOf = (choice: DateChoice) =>
  choice.asOf ? date(eve(choice.asOf)) : `Run ${choice.id.slice(0, 8)}`;

/** Which scored day is looked at; days that were not scored are not offered. */
export function AsOfSwitch({ dates, value, onChange }: Props) {
  if (!value) return null;
  if (dates.length < 2)
    return (
      <span className="secondary" style={{ whiteSpace: 'nowrap' }}>
        {value.asOf && <span className="wide-only">As of </span>}
        {value.asOf ? nameOf(value) : 'No dates'}
      </span>
    );
  return (
    <Menu position="bottom-start" width={280}>
      <Menu.Target>
        <Button
          variant="subtle"
          color="ink"
          style={{ flex: 'none' }}
          rightSection={<Icon name="down" size={12} />}
        >
          {value.asOf && <span className="wide-only">As of&nbsp;</span>}
          {nameOf(value)}
        </Button>
      </Menu.Target>
      <Menu.Dropdown mah={360} style={{ overflowY: 'auto' }}>
        {dates.map((choice) => (
          <Menu.Item
            key={choice.id}
            onClick={() => onChange(choice)}
            leftSection={
              choice.id === value.id ? <Icon name="check" /> : <span style={{ width: 16 }} />
            }
          >
            {nameOf(choice)}{' '}
            <span className="note">
              {choice.published ? 'published' : choice.candidate ? 'candidate' : 'former run'}
            </span>
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
