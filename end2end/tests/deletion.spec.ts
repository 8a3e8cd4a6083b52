import { expect, test } from '../support/fixtures';
import { addBackup, POLICY } from '../support/prepare';

/** As it is where nobody sets it. */
test.use({ settings: { HOLDFAST_DELETION_DELAY: '7d' } });

test('a backup is deleted, taken back, kept, let go and removed', async ({ partner, s3, folders }) => {
  const { policies } = partner;
  const { project, backup } = await addBackup(partner, s3, folders);
  await policies.open(project, 'Backups');
  const row = policies.row(backup);

  await test.step('deleted, it is listed and can be looked into', async () => {
    await policies.act(row, 'Delete');
    const question = policies.dialog('Delete Backup');
    await expect(question.root).toContainText('It is listed as Deleting for 7 d,');
    await question.press('Delete');
    await expect(policies.notice).toContainText('It can be taken back until');
    await policies.expectPhase(backup, 'Deleting');
    await expect(policies.notes(row)).toContainText('Deleted by partner@example.com');
    await policies.expectActions(row, { with: ['Undo', 'Remove Now'], without: ['Delete'] });
    await expect(policies.action(row, 'Restore')).toBeVisible();
  });

  await test.step('taken back', async () => {
    await policies.act(row, 'Undo');
    await expect(policies.notice).toContainText(`Backup ${backup} is back`);
    await policies.expectPhase(backup, 'Completed');
  });

  await test.step('kept, with a note', async () => {
    await policies.act(row, 'Keep');
    const dialog = policies.dialog('Keep Backup');
    await dialog.fill({ Note: 'before the move' });
    await dialog.press('Keep');
    await expect(policies.cell(row, 'Status')).toContainText('Kept');
    await policies.expectActions(row, { with: ['Let Go'], without: ['Delete'] });
    await policies.act(row, 'Show Description');
    await expect(policies.dialog('Backup').root).toContainText('before the move');
    await policies.dialog('Backup').press('Done');
    await policies.act(row, 'Let Go');
    await policies.expectActions(row, { with: ['Keep'], without: ['Let Go'] });
  });

  await test.step('removed at once by its name', async () => {
    await policies.delete(row, 'Delete Backup');
    await policies.act(row, 'Remove Now');
    const question = policies.dialog('Remove Backup Now');
    await question.fill({ 'Type the name to confirm': 'another' });
    await question.press('Remove Now');
    await question.expectErrorAt('Type the name to confirm', new RegExp(backup));
    await question.fill({ 'Type the name to confirm': backup });
    await question.press('Remove Now');
    await expect(policies.page.getByText('No backups yet')).toBeVisible({ timeout: 20_000 });
  });
});

test('a project is deleted and taken back', async ({ partner, s3, folders }) => {
  const { policies, projects, settings } = partner;
  const { project, backup } = await addBackup(partner, s3, folders);
  await settings.open(project);
  await settings.link('Delete Project').click();
  const question = settings.dialog('Delete project web-shop?');
  await expect(question.root).toContainText('For 7 d it can be taken back on the page Projects.');
  await question.fill({ 'Type the name to confirm': 'web-shop' });
  await question.press('Delete Project');
  await expect(projects.notice).toContainText('It can be taken back until');
  const deleted = projects.page.getByRole('region', { name: 'Deleted Projects' });
  await expect(deleted).toContainText('Stay in the bucket');
  await deleted.getByRole('button', { name: 'Undo', exact: true }).click();
  await expect(projects.notice).toContainText('Project web-shop is back');
  await policies.open(project, 'Backups');
  await policies.expectPhase(backup, 'Completed');
});

test('a deleted policy leaves its backups', async ({ partner, s3, folders }) => {
  const { policies } = partner;
  const { project, backup } = await addBackup(partner, s3, folders);
  await policies.open(project, 'Schedules');
  const row = policies.row(POLICY);
  await policies.act(row, 'Delete');
  await expect(policies.dialog('Delete Policy').root).toContainText('Its backup stays by the rules that it had: 30d');
  await policies.dialog('Delete Policy').press('Delete');
  await expect(policies.notice).toContainText('Its backups go on being kept by its rules');
  await policies.choose('Backups');
  await expect(policies.row(backup)).toContainText('Completed');
});
