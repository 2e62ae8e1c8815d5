import { ActionIcon, Button, Popover, TextInput } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useState } from 'react';
import { AppLink } from '@/components/AppLink';
import { Icon } from '@/components/Icon';
import { SafeText } from '@/components/SafeText';
import { showToast } from '@/components/UndoToast';
import { isSame, keepViews, partsOf, type View, viewsOf, withView } from '@/lib/views';
import type { Place } from '@/place';
import classes from './views.module.css';

const LONGEST = 40;

/** Views that were saved here, and the way to save this one. */
export function Views({ place }: { place: Place }) {
  const [open, panel] = useDisclosure(false);
  const [views, setViews] = useState(() => viewsOf(place.project));
  const [name, setName] = useState('');
  const now = partsOf(place.search);
  const change = (next: View[]) => {
    keepViews(place.project, next);
    setViews(next);
  };
  const save = () => {
    change(withView(views, name.trim(), now));
    showToast(`The view ${name.trim()} is saved in this browser.`);
    setName('');
    panel.close();
  };
  const remove = (gone: View) => {
    change(views.filter((one) => one !== gone));
    showToast(`The view ${gone.name} was removed.`, () => change(views));
  };
  return (
    <Popover
      opened={open}
      onChange={panel.toggle}
      onDismiss={panel.close}
      position="bottom-end"
      width={300}
      trapFocus
      returnFocus
    >
      <Popover.Target>
        <Button
          variant="default"
          onClick={panel.toggle}
          rightSection={<Icon name="down" size={12} />}
        >
          {views.find((one) => isSame(one.search, now))?.name ?? 'Views'}
        </Button>
      </Popover.Target>
      <Popover.Dropdown>
        {views.length > 0 && (
          <ul className={classes.list} aria-label="Saved views">
            {views.map((one) => (
              <li key={one.name}>
                <AppLink
                  href={place.href(['customers'], one.search)}
                  aria-current={isSame(one.search, now) ? 'true' : undefined}
                  onClick={panel.close}
                >
                  <SafeText text={one.name} max={LONGEST} />
                </AppLink>
                <ActionIcon
                  color="ink"
                  aria-label={`Remove the view ${one.name}`}
                  onClick={() => remove(one)}
                >
                  <Icon name="close" size={14} />
                </ActionIcon>
              </li>
            ))}
          </ul>
        )}
        <form
          className={classes.save}
          onSubmit={(event) => {
            event.preventDefault();
            if (name.trim()) save();
          }}
        >
          <TextInput
            label="Save this view as"
            maxLength={LONGEST}
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
            data-autofocus
            autoComplete="off"
          />
          <Button type="submit" variant="default" disabled={!name.trim()}>
            Save
          </Button>
        </form>
      </Popover.Dropdown>
    </Popover>
  );
}
