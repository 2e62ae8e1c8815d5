/** All projects of the server, and the way to a new one. */
import { Button } from '@mantine/core';
import { useProjects } from '@/api/projects';
import { AppLink } from '@/components/AppLink';
import { Icon } from '@/components/Icon';
import { LoadState } from '@/components/LoadState';
import { PageHeader } from '@/components/PageHeader';
import { SafeText } from '@/components/SafeText';
import { counted, endOf } from '@/lib/format';
import { homeOf } from '@/shell';
import classes from './Projects.module.css';

export default function Projects() {
  const query = useProjects();
  const n = query.data?.total;
  return (
    <>
      <PageHeader
        title="Projects"
        sentence={n ? `${counted(n, 'project')} on this server.` : undefined}
        actions={
          <Button component={AppLink} href="/start" leftSection={<Icon name="add" />}>
            New run
          </Button>
        }
      />
      <LoadState
        query={query}
        what="Projects"
        isEmpty={(data) => data.items.length === 0}
        empty={
          <div className="card">
            <p className="lead">
              No projects yet.{' '}
              <AppLink className="link" href="/start">
                Add a file of orders or customers
              </AppLink>{' '}
              to begin.
            </p>
          </div>
        }
      >
        {(data) => (
          <ul className={classes.list}>
            {data.items.map((one) => (
              <li key={one.name}>
                <AppLink href={homeOf(one)} className={classes.project}>
                  <span className={classes.name}>
                    <SafeText text={one.title || one.name} />
                  </span>
                  <span className="secondary">
                    {!one.run_id && 'Not run yet'}
                    {one.run_id &&
                      (one.as_of ? endOf(one.as_of).replace('end', 'End') : 'No dates in the data')}
                  </span>
                  <Icon name="right" />
                </AppLink>
              </li>
            ))}
          </ul>
        )}
      </LoadState>
    </>
  );
}
