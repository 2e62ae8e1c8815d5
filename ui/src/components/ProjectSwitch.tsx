import { Button, Popover, TextInput } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useState } from 'react';
import { date, eve } from '@/lib/format';
import { AppLink } from './AppLink';
import { Icon } from './Icon';
import classes from './ProjectSwitch.module.css';
import { SafeText } from './SafeText';

export interface ProjectChoice {
  id: string;
  name: string;
  asOf: string | null;
  ready: boolean;
  href: string;
}

interface Props {
  projects: ProjectChoice[];
  value: string;
  name: string;
}

const MANY = 6;

/** The project that is open, and the way to the others. */
export function ProjectSwitch({ projects, value, name }: Props) {
  const [open, panel] = useDisclosure(false);
  const [text, setText] = useState('');
  const fits = projects.filter((one) =>
    `${one.name} ${one.id}`.toLowerCase().includes(text.toLowerCase()),
  );
  return (
    <Popover
      opened={open}
      onChange={panel.toggle}
      onDismiss={panel.close}
      position="bottom-start"
      width={300}
      trapFocus
    >
      <Popover.Target>
        <Button
          variant="subtle"
          color="ink"
          onClick={panel.toggle}
          aria-label={`Project ${name}: open another`}
          rightSection={<Icon name="down" size={12} />}
        >
          <span className={classes.name}>{name}</span>
        </Button>
      </Popover.Target>
      <Popover.Dropdown p={8}>
        {projects.length > MANY && (
          <TextInput
            aria-label="Find a project"
            placeholder="Find a project"
            value={text}
            onChange={(event) => setText(event.currentTarget.value)}
            mb={8}
          />
        )}
        <ul className={classes.list}>
          {fits.map((one) => (
            <li key={one.id}>
              <AppLink
                href={one.href}
                onClick={panel.close}
                aria-current={one.id === value ? 'true' : undefined}
              >
                <SafeText text={one.name} max={40} />
                <span className="note">
                  {one.asOf ? date(eve(one.asOf)) : one.ready ? 'no dates' : 'not run yet'}
                </span>
              </AppLink>
            </li>
          ))}
          {fits.length === 0 && <li className="secondary">No project is called so.</li>}
          <li className={classes.all}>
            <AppLink href="/" onClick={panel.close}>
              All projects
            </AppLink>
          </li>
        </ul>
      </Popover.Dropdown>
    </Popover>
  );
}
