import { Button, Menu } from '@mantine/core';
import { ruleOf, type SegmentDetail } from '@/api/segments';
import { Icon } from '@/components/Icon';
import { Notice } from '@/components/Notice';
import { Term } from '@/components/Term';
import { copyText } from '@/lib/copy';
import { DIALECTS, sqlFile } from '@/lib/exports';
import { ofHundred } from '@/lib/format';
import type { Place } from '@/place';
import classes from './segment.module.css';

/** The rule in words, how far it is right, and the same as SQL. */
export function RuleCard({ segment, place }: { segment: SegmentDetail; place: Place }) {
  const rule = ruleOf(segment);
  return (
    <section id="rule" className={`card ${classes.part}`} aria-labelledby="rule-head">
      <h2 id="rule-head" className="section">
        The rule
      </h2>
      {!rule ? (
        <Notice>No rule of a few conditions tells this segment well enough.</Notice>
      ) : (
        <>
          <p className={classes.rule}>{rule.text}</p>
          <code className={classes.code}>{rule.sql}</code>
          <div className={classes.acts}>
            <Button
              variant="default"
              leftSection={<Icon name="copy" />}
              onClick={() => copyText(rule.sql)}
            >
              Copy as SQL
            </Button>
            <Menu>
              <Menu.Target>
                <Button variant="default" rightSection={<Icon name="down" size={12} />}>
                  All rules as a file
                </Button>
              </Menu.Target>
              <Menu.Dropdown>
                {DIALECTS.map((dialect) => (
                  <Menu.Item
                    key={dialect}
                    component="a"
                    download
                    href={sqlFile(place.project, dialect, true, place.runId)}
                  >
                    {dialect}
                  </Menu.Item>
                ))}
              </Menu.Dropdown>
            </Menu>
          </div>
        </>
      )}
      {segment.fidelity != null && (
        <p className="note" style={{ margin: '16px 0 0' }}>
          <Term id="told-by-rules" />: the rules of all segments put {ofHundred(segment.fidelity)}{' '}
          of 100 customers where they belong.
        </p>
      )}
    </section>
  );
}
