import { barriers } from '../support/accessibility';
import { expect, test } from '../support/fixtures';
import { addBackedUpProject, addBackup, POLICY } from '../support/prepare';

test('a policy is checked, added, described and deleted', async ({ partner, s3, folders }) => {
  const { policies } = partner;
  await addBackedUpProject(partner, s3, folders);
  await expect(policies.page.getByText('No policies yet')).toBeVisible();
  const dialog = await policies.openAddDialog();
  await dialog.expectValues({ 'Time Zone': 'UTC', 'Retention Period': '30d', Include: '**', Exclude: '' });

  await test.step('rules of the fields', async () => {
    await dialog.fill({ 'Time Zone': 'Mars/Olympus', 'Retention Period': 'for ever', Include: '../secrets' });
    await policies.send({ name: 'No', period: 'Every hour' });
    await dialog.expectErrorAt('Name', /3 to 30 characters/);
    await dialog.expectErrorAt('Time Zone', /must be a name such as/);
    await dialog.expectErrorAt('Retention Period', /must be a duration/);
    await dialog.expectErrorAt('Include', /leaves the source/);
  });

  await test.step('a cron expression that never fires, and one that is none', async () => {
    await dialog.fill({ 'Time Zone': 'Europe/Prague', 'Retention Period': '30d', Include: '**' });
    await policies.send({ name: POLICY, period: 'Custom', expression: '0 0 30 2 *' });
    await dialog.expectErrorAt('Cron Expression', /never fires/);
    await policies.send({ name: POLICY, period: 'Custom', expression: 'often' });
    await dialog.expectErrorAt('Cron Expression', /not understood/);
  });

  await test.step('the form says what an expression means', async () => {
    await dialog.fill({ 'Cron Expression': '15 4 * * MON-FRI' });
    const preview = dialog.root.getByRole('group', { name: 'Preview' });
    await expect(preview.getByRole('listitem')).toHaveCount(5);
    await expect(preview.getByRole('listitem').first()).toHaveText(/04:15 CES?T/);
  });

  await test.step('an expression is composed of words, and shown in them', async () => {
    await dialog.expectValues({ Minutes: '15', Hours: '4', Months: 'every month', Weekdays: 'Monday to Friday' });
    await dialog.fill({ Hours: '8 to 17', Weekdays: 'Sunday' });
    await dialog.expectValues({ 'Cron Expression': '15 8-17 * * 0' });
    await dialog.fill({ Hours: 'noon' });
    await expect(dialog.root.getByText(/Hours is not understood/)).toBeVisible();
    await dialog.expectValues({ 'Cron Expression': '15 8-17 * * 0' });
    await dialog.fill({ 'Cron Expression': '0 0 L * *' });
    await expect(dialog.root.getByText(/says more than the fields/)).toBeVisible();
    await dialog.expectValues({ Hours: '', Weekdays: '' });
    await dialog.fill({ 'Cron Expression': '15 4 * * MON-FRI' });
    await dialog.expectValues({ Hours: '4', Weekdays: 'Monday to Friday' });
  });

  await test.step('a picture of what remains', async () => {
    const picture = dialog.root.getByRole('group', { name: 'Outlook' });
    await dialog.fill({ 'Retention Period': '90d' });
    await expect(picture).toContainText(/you will have (\d+) of \1 backups/);
    await dialog.fill({ 'Retention Period': '30d' });
    await expect(picture).toContainText(/In 90 days you will have 2\d of 6\d backups/);
    await picture.getByText('Day by day').click();
    await expect(picture.getByRole('table')).toContainText('Remain of them');
    expect(await barriers(policies.page)).toEqual([]);
  });

  await test.step('added, described', async () => {
    await dialog.fill({ Exclude: '**/*.tmp' });
    await dialog.press('Add');
    await expect(policies.notice).toContainText(`Policy ${POLICY} added`);
    await policies.expectNoDialog();
    const row = policies.row(POLICY);
    await expect(policies.cell(row, 'Status')).toHaveText('Enabled');
    await expect(policies.cell(row, 'Next Run')).toHaveText(/^in \d+ (min|h|days?)$/);
    await policies.act(row, 'Show Description');
    const description = policies.dialog('Policy').root;
    await expect(description.getByRole('img', { name: /next 90 days/ })).toBeVisible();
    for (const text of ['15 4 * * MON-FRI', 'Europe/Prague', '30d', '**/*.tmp']) {
      await expect(description).toContainText(text);
    }
    await policies.dialog('Policy').press('Done');
    await policies.expectNoDialog();
  });

  await test.step('edited', async () => {
    await policies.act(policies.row(POLICY), 'Edit');
    const edit = policies.dialog('Edit Policy');
    await edit.expectValues({ Name: POLICY, 'Cron Expression': '15 4 * * MON-FRI', Exclude: '**/*.tmp' });
    await edit.fill({ 'Cron Period': 'Every hour', 'Retention Period': '60d' });
    await expect(edit.root.getByRole('group', { name: 'Preview' })).toContainText('Every hour');
    await edit.root.getByText('Long-term retention').click();
    await edit.fill({ 'Keep Daily': 'seven' });
    await edit.press('Save');
    await edit.expectErrorAt('Keep Daily', /whole number/);
    await edit.fill({ 'Keep Daily': '7' });
    await edit.press('Save');
    await expect(policies.notice).toContainText(`Policy ${POLICY} updated`);
    await policies.expectNoDialog();
    await expect(policies.row(POLICY)).toContainText('Every hour');
    await policies.act(policies.row(POLICY), 'Show Description');
    await expect(policies.dialog('Policy').root).toContainText('7 daily');
    await policies.dialog('Policy').press('Done');
  });

  await test.step('paused and resumed', async () => {
    const row = policies.row(POLICY);
    await policies.act(row, 'Pause');
    await expect(policies.notice).toContainText(`Policy ${POLICY} paused`);
    await expect(policies.cell(row, 'Status')).toHaveText('Paused');
    await expect(policies.cell(row, 'Next Run')).toHaveText('–');
    await policies.act(row, 'Resume');
    await expect(policies.notice).toContainText(`Policy ${POLICY} resumed`);
    await expect(policies.cell(row, 'Status')).toHaveText('Enabled');
    await expect(policies.cell(row, 'Next Run')).toHaveText(/^in \d+ (min|h|days?)$/);
  });

  await test.step('deleted', async () => {
    await policies.delete(policies.row(POLICY), 'Delete Policy');
    await expect(policies.notice).toContainText(`Policy ${POLICY} deleted`);
    await expect(policies.row(POLICY)).toHaveCount(0);
  });
});

test('a failed backup shows its cause, and the next one works', async ({ partner, s3, folders }) => {
  test.setTimeout(120_000);
  const { policies, dashboard } = partner;
  const { project } = await addBackup(partner, s3, folders);
  const right = s3.keys;

  await test.step('the keys were changed', async () => {
    await s3.startAgain({ ...right, secretKey: 'keys that were changed' });
    await policies.open(project, 'Schedules');
    const failed = await policies.runNow(POLICY);
    await policies.expectPhase(failed, 'Failed');
    await expect(policies.notes(policies.row(failed))).toContainText('Invalid S3 credentials');
    await policies.act(policies.row(failed), 'Show Description');
    await expect(policies.dialog('Backup').root).toContainText('Invalid S3 credentials');
    await dashboard.open();
    await expect(dashboard.page.getByRole('main')).toContainText('Failed');
  });

  await test.step('S3 is away', async () => {
    await s3.stop();
    await policies.open(project, 'Schedules');
    const failed = await policies.runNow(POLICY);
    await policies.expectPhase(failed, 'Failed', 60_000);
    await expect(policies.notes(policies.row(failed))).toContainText(/does not accept connections/);
  });

  await test.step('S3 is back', async () => {
    await s3.startAgain(right);
    await policies.open(project, 'Schedules');
    const backup = await policies.runNow(POLICY);
    await policies.expectPhase(backup, 'Completed');
  });
});

test('a backup is deleted from the bucket', async ({ partner, s3, folders }) => {
  const { policies } = partner;
  const { project, backup } = await addBackup(partner, s3, folders);
  await policies.open(project, 'Backups');
  await policies.delete(policies.row(backup), 'Delete Backup');
  await expect(policies.row(backup)).toHaveCount(0, { timeout: 30_000 });
  await expect(policies.page.getByText('No backups yet')).toBeVisible();
});

test('the form says what its patterns match', async ({ partner, s3, folders }) => {
  const { policies } = partner;
  const project = await addBackedUpProject(partner, s3, folders);
  await policies.open(project, 'Schedules');
  const dialog = await policies.openAddDialog();
  await expect(dialog.root).toContainText(/Matches \d+ files, /);
  await dialog.fill({ Include: 'notes.txt\nNotes.txt', Exclude: 'no-such-folder/**' });
  await expect(dialog.root).toContainText('Matches 1 file, ');
  await expect(dialog.root).toContainText('Nothing matches Notes.txt.');
  await expect(dialog.root).toContainText('Nothing matches no-such-folder/**.');
  await dialog.fill({ Include: 'notes.txt', Exclude: '' });
  await expect(dialog.root).not.toContainText('Nothing matches');
});
