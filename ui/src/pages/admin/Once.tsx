import { Button, Modal } from '@mantine/core';
import { copyText } from '@/lib/copy';
import classes from './admin.module.css';

interface Props {
  /** "Key nightly" */
  title: string;
  secret: string | null;
  /** What it is for. */
  words: string;
  onClose: () => void;
}

/** A secret that is shown this once. */
export function Once({ title, secret, words, onClose }: Props) {
  return (
    <Modal
      opened={secret !== null}
      onClose={onClose}
      title={<strong>{title}</strong>}
      closeOnClickOutside={false}
    >
      <p style={{ marginTop: 0 }}>{words} Copy it now; it is not shown again.</p>
      <code className={classes.secret}>{secret}</code>
      <div className={classes.acts}>
        <Button variant="default" onClick={onClose}>
          Close
        </Button>
        <Button data-autofocus onClick={() => copyText(secret ?? '')}>
          Copy
        </Button>
      </div>
    </Modal>
  );
}
