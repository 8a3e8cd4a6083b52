import { barriers } from '../support/accessibility';
import { expect, test } from '../support/fixtures';
import { Postgres } from '../support/postgres';
import { addCredential, POLICY } from '../support/prepare';
import type { Visitor } from '../support/visitor';
import type { S3Server } from '../support/s3';

const PROJECT = 'shop-db';
const ROWS = "SELECT count(*), md5(string_agg(note, '' ORDER BY id)) FROM orders";

const story = test.extend<{ postgres: Postgres }>({
  postgres: async ({}, use) => {
    const rows = 'SELECT n AS id, md5(n::text) AS note FROM generate_series(1, 500) n';
    const postgres = await Postgres.start(`CREATE TABLE orders AS ${rows}`);
    await use(postgres);
    await postgres.stop();
  },
});

async function addProject(partner: Visitor, s3: S3Server, postgres: Postgres): Promise<string> {
  const { projects, policies } = partner;
  await addCredential(partner, s3);
  await projects.open();
  const dialog = await projects.openAddDialog();
  await expect(dialog.field('Directory')).toBeVisible();
  await expect(dialog.field('Connection URL')).toBeHidden();
  await dialog.fill({ Source: 'PostgreSQL' });
  await expect(dialog.field('Directory')).toBeHidden();
  await expect(dialog.field('Connection URL')).toBeVisible();

  const wrong = new URL(postgres.url);
  wrong.password = 'not-the-password';
  await projects.send({ name: PROJECT, connectionUrl: wrong.href, backup: true });
  await dialog.expectErrorAt('Connection URL', /does not accept the user/);
  await expect(dialog.field('Connection URL')).toBeVisible();
  await projects.send({ name: PROJECT, connectionUrl: postgres.url, backup: true });
  await policies.expectChosen('Schedules');
  return /\/projects\/(\d+)/.exec(partner.page.url())?.[1] ?? '';
}

for (const scripts of [true, false]) {
  story.describe(scripts ? 'with scripts' : 'without scripts', () => {
    story.use({ javaScriptEnabled: scripts });

    story('a database is backed up, and restored', async ({ partner, s3, postgres, holdfast }) => {
      story.setTimeout(120_000);
      const { page, projects, policies, browse } = partner;
      const before = await postgres.query(ROWS);
      const project = await addProject(partner, s3, postgres);
      await policies.add({ name: POLICY, period: 'On the first of every month at 02:30' });
      const backup = await policies.runNow(POLICY);
      await policies.expectPhase(backup, 'Completed');

      await story.step('the source is shown without its password', async () => {
        await projects.open();
        const source = projects.cell(projects.row(PROJECT), 'Source');
        await expect(source).toContainText('PostgreSQL');
        await expect(source).toContainText(`/${postgres.database}`);
        expect(await page.content()).not.toContain(new URL(postgres.url).password);
      });

      await story.step('its dump lies beside its properties', async () => {
        await policies.open(project, 'Backups');
        await policies.act(policies.row(backup), 'Browse');
        await browse.expectShown(backup);
        await expect(browse.names).toHaveText([`${postgres.database}.dump`, `${postgres.database}.json`]);
      });

      await story.step('into a new database', async () => {
        await policies.open(project, 'Backups');
        await policies.act(policies.row(backup), 'Restore');
        const dialog = policies.restoreDialog;
        await expect(dialog.field('Database Name')).toHaveValue(`${postgres.database}_restored`);
        await expect(dialog.field('Paths')).toHaveCount(0);
        await expect(dialog.field('Type the name to confirm')).toBeHidden();
        if (scripts) expect(await barriers(page)).toEqual([]);
        await dialog.fill({ 'Restore Name': 'copy', Target: 'New database', 'Database Name': 'copy' });
        await dialog.press('Restore');
        await policies.expectPhase('copy', 'Completed');
        expect(await postgres.query(ROWS, 'copy')).toBe(before);
      });

      await story.step('over the original, after its name is typed', async () => {
        await postgres.query('DELETE FROM orders WHERE id > 10');
        await policies.open(project, 'Backups');
        await policies.act(policies.row(backup), 'Restore');
        const dialog = policies.restoreDialog;
        await dialog.fill({ 'Restore Name': 'back', Target: 'Over the original database' });
        await expect(dialog.field('Database Name')).toBeHidden();
        await dialog.press('Restore');
        await dialog.expectErrorAt('Type the name to confirm', /Type the database's name/);
        await dialog.fill({ 'Type the name to confirm': postgres.database });
        await dialog.press('Restore');
        await policies.expectPhase('back', 'Completed');
        expect(await postgres.query(ROWS)).toBe(before);
        await policies.act(policies.row('back'), 'Show Description');
        await expect(policies.dialog('Restore').root).toContainText('Over the original database');
      });

      expect(holdfast.log, 'the log holds no password').not.toContain(postgres.password);
    });
  });
}
