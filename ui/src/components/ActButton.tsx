import { Button, type ButtonProps, Tooltip } from '@mantine/core';
import { useWhyNot } from '@/lib/role';

type Props = ButtonProps & {
  needs: 'analyst' | 'admin';
  /** As a sentence begins: "Exporting". */
  act: string;
  onClick?: () => void;
  /** It comes back after what it opened was left. */
  autoFocus?: boolean;
  type?: 'button' | 'submit';
};

/** The button of an act; whoever may not do it sees it, disabled, with the reason. */
export function ActButton({ needs, act, onClick, children, ...rest }: Props) {
  const reason = useWhyNot(needs, act);
  if (reason === null)
    return (
      <Button {...rest} onClick={onClick}>
        {children}
      </Button>
    );
  return (
    <Tooltip label={reason}>
      <Button
        {...rest}
        type="button"
        data-disabled
        aria-disabled="true"
        onClick={(event) => event.preventDefault()}
      >
        {children}
        <span className="unseen">. {reason}</span>
      </Button>
    </Tooltip>
  );
}
