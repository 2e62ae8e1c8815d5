import { Button } from '@mantine/core';
import { useState } from 'react';
import { type KeyInfo, useKeys, useRevokeKey } from '@/api/admin';
import { announce } from '@/components/announce';
import { ConfirmDialog } from '@/components/ConfirmDialog';
import { type Column, DataTable } from '@/components/DataTable';
import { LoadState } from '@/components/LoadState';
import { SafeText } from '@/components/SafeText';
import { date } from '@/lib/format';
import { MakeKey } from './MakeKey';
import { Once } from './Once';

export function Keys() {
  const query = useKeys();
  const [made, setMade] = useState<{ name: string; key: string } | null>(null);
  const [revoking, setRevoking] = useState<KeyInfo | null>(null);
  const revoke = useRevokeKey();
  return (
    <>
      <MakeKey onDone={setMade} />
      <div className="card">
        <LoadState
          query={query}
          what="Keys"
          isEmpty={(data) => data.items.length === 0}
          empty={<p className="secondary">No key yet. Make one for each program above.</p>}
        >
          {(data) => (
            <DataTable
              caption="Keys, the newest first"
              columns={columnsOf(setRevoking)}
              rowKey={(one) => one.id}
              page={{ rows: data.items, total: data.items.length, from: 1 }}
            />
          )}
        </LoadState>
      </div>
      <Once
        title={`Key ${made?.name ?? ''}`}
        secret={made?.key ?? null}
        words="Sent as a bearer token, it opens what it was made for."
        onClose={() => setMade(null)}
      />
      <ConfirmDialog
        opened={revoking !== null}
        question={`Revoke the key ${revoking?.name ?? ''}?`}
        price="Programs that use it are refused from now on. It cannot be brought back; a new key can be made."
        verb="Revoke"
        danger
        busy={revoke.isPending}
        onClose={() => setRevoking(null)}
        onConfirm={() =>
          revoking &&
          revoke.mutate(revoking.id, {
            onSuccess: () => announce(`The key ${revoking.name} is revoked.`),
            onSettled: () => setRevoking(null),
          })
        }
      />
    </>
  );
}

function columnsOf(onRevoke: (key: KeyInfo) => void): Column<KeyInfo>[] {
  return [
    { id: 'name', header: 'Name', phone: true, cell: (one) => <SafeText text={one.name} /> },
    { id: 'scopes', header: 'May', cell: (one) => one.scopes.join(', ') },
    { id: 'project', header: 'Project', cell: (one) => one.project || 'all' },
    { id: 'ends', header: 'State', phone: true, cell: stateOf },
    {
      id: 'used',
      header: 'Last used',
      cell: (one) => (one.last_used ? date(one.last_used) : 'not yet'),
    },
    {
      id: 'acts',
      header: <span className="unseen">Acts</span>,
      phone: true,
      cell: (one) =>
        !one.revoked && (
          <Button variant="default" onClick={() => onRevoke(one)} aria-label={`Revoke ${one.name}`}>
            Revoke
          </Button>
        ),
    },
  ];
}

function stateOf(key: KeyInfo): string {
  if (key.revoked) return `revoked ${date(key.revoked)}`;
  const over = new Date(key.expires).getTime() < Date.now();
  return `${over ? 'ended' : 'ends'} ${date(key.expires)}`;
}
