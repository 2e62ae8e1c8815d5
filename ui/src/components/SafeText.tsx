import { Tooltip } from '@mantine/core';

/** Text from outside: plain, of its own direction, cut where it is too long with all of it in reach. */
export function SafeText({ text, max = 60 }: { text: string; max?: number }) {
  const letters = Array.from(text);
  if (letters.length <= max) return <bdi>{text}</bdi>;
  return (
    <Tooltip label={<bdi>{letters.slice(0, 1000).join('')}</bdi>}>
      <bdi>
        {letters
          .slice(0, max - 1)
          .join('')
          .trimEnd()}
        …
      </bdi>
    </Tooltip>
  );
}
