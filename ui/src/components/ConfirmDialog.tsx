import { Button, Modal, TextInput } from '@mantine/core';
import { type ReactNode, useEffect, useState } from 'react';

interface Props {
  opened: boolean;
  /** "Erase customer 12347?" */
  question: string;
  /** What it costs. */
  price: ReactNode;
  /** What has to be typed before it can be done. */
  typed?: string;
  /** The verb of the button; the other one keeps things as they are. */
  verb: string;
  keep?: string;
  danger?: boolean;
  busy?: boolean;
  /** Something stands in the way, which the price tells. */
  refused?: boolean;
  onConfirm: () => void;
  onClose: () => void;
}

/** An act that cannot be undone: object and count, price, verb. */
export function ConfirmDialog(props: Props) {
  const {
    opened,
    question,
    price,
    typed,
    verb,
    keep = 'Keep',
    danger,
    busy,
    refused = false,
    onConfirm,
    onClose,
  } = props;
  const [text, setText] = useState('');
  useEffect(() => {
    if (opened) setText('');
  }, [opened]);
  const ready = !refused && (typed === undefined || text.trim() === typed);
  return (
    <Modal opened={opened} onClose={onClose} title={<strong>{question}</strong>}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (ready) onConfirm();
        }}
        style={{ display: 'grid', gap: 16 }}
      >
        <div>{price}</div>
        {typed !== undefined && (
          <TextInput
            label={`Type ${typed} to go on`}
            value={text}
            onChange={(event) => setText(event.currentTarget.value)}
            autoComplete="off"
            data-autofocus
          />
        )}
        <div style={{ display: 'flex', gap: 8, justifyContent: 'flex-end' }}>
          <Button variant="default" onClick={onClose}>
            {keep}
          </Button>
          <Button
            type="submit"
            disabled={!ready}
            loading={busy}
            styles={
              danger && ready
                ? { root: { background: 'var(--danger)', color: 'var(--card)' } }
                : undefined
            }
          >
            {verb}
          </Button>
        </div>
      </form>
    </Modal>
  );
}
