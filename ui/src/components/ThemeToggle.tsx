import { ActionIcon, Tooltip, useComputedColorScheme, useMantineColorScheme } from '@mantine/core';
import { Icon } from './Icon';

/** Light or dark; remembered on this device. */
export function ThemeToggle() {
  const { setColorScheme } = useMantineColorScheme();
  const now = useComputedColorScheme('light', { getInitialValueInEffect: false });
  const other = now === 'light' ? 'dark' : 'light';
  return (
    <Tooltip label={`Use the ${other} theme`}>
      <ActionIcon
        color="ink"
        aria-label={`Use the ${other} theme`}
        onClick={() => setColorScheme(other)}
      >
        <Icon name={now === 'light' ? 'moon' : 'sun'} size={18} />
      </ActionIcon>
    </Tooltip>
  );
}
