import { expect, test } from '../support/fixtures';
import { addBackup, POLICY, rightKeys } from '../support/prepare';

test('Escape asks before it throws away what was typed', async ({ partner }) => {
  const { page, credentials } = partner;
  await credentials.open();
  const dialog = await credentials.openAddDialog();
  await dialog.fill({ 'S3 Name': 'half done' });
  await page.keyboard.press('Escape');
  const question = page.getByRole('alertdialog', { name: 'Discard what you typed?' });
  await expect(question.getByRole('button', { name: 'Keep Editing' })).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(question).toHaveCount(0);
  await expect(dialog.field('S3 Name')).toHaveValue('half done');
  await page.keyboard.press('Escape');
  await question.getByRole('button', { name: 'Discard', exact: true }).click();
  await credentials.expectNoDialog();
  await credentials.openAddDialog();
  await expect(dialog.field('S3 Name')).toHaveValue('');
  // Nothing was typed, so nothing is asked.
  await page.keyboard.press('Escape');
  await credentials.expectNoDialog();
});

test('a reload in the middle of a form takes nothing but secrets', async ({ partner, s3 }) => {
  const { page, credentials } = partner;
  await credentials.open();
  const dialog = await credentials.openAddDialog();
  await dialog.fill({ 'S3 Name': 'half done', 'S3 Endpoint': s3.endpoint, 'S3 Secret Key': s3.keys.secretKey });
  await page.reload();
  await credentials.ready();
  await dialog.expectValues({ 'S3 Name': 'half done', 'S3 Endpoint': s3.endpoint, 'S3 Secret Key': '' });
  await expect(credentials.notice).toContainText('What you typed before is back');
  const kept = await page.evaluate(() => JSON.stringify({ ...sessionStorage }));
  expect(kept).toContain('half+done');
  expect(kept, 'secrets are never kept').not.toContain(s3.keys.secretKey);

  await credentials.send(rightKeys(s3));
  await credentials.expectNoDialog();
  expect(await page.evaluate(() => sessionStorage.length), 'what was sent is no draft').toBe(0);
});

test('ticks and choices of a policy come back too', async ({ partner, s3, folders }) => {
  const { page, policies } = partner;
  const { project } = await addBackup(partner, s3, folders);
  await policies.open(project, 'Schedules');
  const dialog = await policies.openAddDialog();
  await dialog.fill({ Name: 'weekly', 'Cron Period': 'Every Sunday at 02:30', 'Retention Period': '90d' });
  await dialog.root.getByText('Leave out more').click();
  await dialog.root.getByLabel('Exclude Caches', { exact: true }).check();
  await page.reload();
  await policies.ready();
  await dialog.expectValues({ Name: 'weekly', 'Retention Period': '90d' });
  await expect(dialog.root.getByRole('group', { name: 'Preview' })).toContainText('Every Sunday at 02:30');
  await expect(dialog.root.locator('[name="form[exclude_caches]"]')).toBeChecked();
  await dialog.press('Cancel');
  await policies.expectNoDialog();
});

test('what was done can be undone from its notice', async ({ partner, s3, folders }) => {
  const { policies } = partner;
  const { project } = await addBackup(partner, s3, folders);
  await policies.open(project, 'Schedules');
  const row = policies.row(POLICY);
  const undo = policies.notice.getByRole('button', { name: 'Undo', exact: true });

  await policies.act(row, 'Pause');
  await expect(policies.cell(row, 'Status')).toHaveText('Paused');
  await undo.click();
  await expect(policies.notice).toContainText(`Policy ${POLICY} resumed`);
  await expect(policies.cell(row, 'Status')).toHaveText('Enabled');

  await policies.delete(row, 'Delete Policy');
  await expect(row).toHaveCount(0);
  await undo.click();
  await expect(policies.notice).toContainText(`Policy ${POLICY} is back`);
  await expect(policies.cell(row, 'Status')).toHaveText('Enabled');
});

test('overwriting the original place has to be named', async ({ partner, s3, folders }) => {
  const { policies } = partner;
  const { project, backup } = await addBackup(partner, s3, folders);
  await policies.open(project, 'Backups');
  await policies.act(policies.row(backup), 'Restore');
  const dialog = policies.restoreDialog;
  await expect(dialog.field('Target')).toHaveValue('directory');
  const confirm = dialog.field('Type the name to confirm');
  await expect(confirm).toBeHidden();
  await dialog.fill({ Target: 'Original location' });
  await expect(confirm).toBeHidden();
  await dialog.fill({ 'On Conflict': 'Overwrite' });
  await expect(dialog.root).toContainText(/From the backup manual-\d+ \(\d+ files, [\d.]+ \wiB\)/);
  await expect(dialog.root).toContainText(`in ${folders.source} will be overwritten there. This cannot be undone.`);
  await dialog.press('Restore');
  await dialog.expectErrorAt('Type the name to confirm', /web-shop/);
  await dialog.fill({ 'Type the name to confirm': 'web-shop' });
  await dialog.press('Restore');
  await policies.expectChosen('Restores');
  await policies.expectPhase(`restore-${backup}`, 'Completed');
});
