import { readFile } from 'node:fs/promises';
import path from 'node:path';

import { digest, SAMPLE, tree } from '../support/files';
import { ACCOUNT, expect, test } from '../support/fixtures';
import { CREDENTIAL, PROJECT, rightKeys } from '../support/prepare';

/** A schedule of every minute, the time that one backup takes, and some patience. */
const NEXT_MINUTE_MS = 75_000;

test('from an empty folder to restored files', async ({ visitor, s3, folders }) => {
  test.setTimeout(180_000);
  const { setup, login, dashboard, credentials, projects, policies, browse, settings } = visitor;

  await test.step('set up, sign out, sign in', async () => {
    await visitor.page.goto('/');
    await setup.expectAddress(/\/setup$/);
    await setup.createAccount(ACCOUNT);
    await dashboard.expectShown();
    await expect(dashboard.notice).toContainText('Your account is ready');
    await dashboard.signOut();
    await login.signIn(ACCOUNT.email, ACCOUNT.password);
    await dashboard.expectShown();
  });

  await test.step('wrong keys are refused, right keys are stored', async () => {
    await credentials.navigation('Backup Credentials').click();
    await expect(credentials.page.getByText('No backup credentials yet')).toBeVisible();
    const dialog = await credentials.openAddDialog();
    await credentials.send({ ...rightKeys(s3), secretKey: 'not the secret' });
    await expect(dialog.alert).toContainText('Invalid S3 credentials');
    await credentials.send(rightKeys(s3));
    await expect(credentials.row(CREDENTIAL)).toContainText('Default');
  });

  const project = await test.step('a project with backup', async () => {
    await projects.navigation('Projects').click();
    return projects.add({ name: PROJECT, directory: folders.source, backup: true });
  });

  const backup = await test.step('a policy runs by itself', async () => {
    await policies.add({ name: 'every-minute', period: 'Every minute' });
    await policies.choose('Backups');
    const scheduled = /every-minute-\d{14}/;
    await policies.expectPhase(scheduled, 'Completed', NEXT_MINUTE_MS);
    const row = policies.row(scheduled).last();
    await expect(policies.cell(row, 'Policy')).toHaveText('every-minute');
    await expect(policies.cell(row, 'Size')).toHaveText(/^\d.* KiB$/);
    await expect(policies.cell(row, 'Added')).toHaveText(/^\d.* KiB$/);
    await expect(policies.cell(row, 'Duration')).toHaveText(/ s$/);
    await expect(policies.cell(row, 'Expires')).toHaveText(/^\d{4}-\d{2}-\d{2}/);
    return scheduled.exec(await row.innerText())?.[0] ?? '';
  });

  await test.step('Run Now makes one more, with nothing new in it', async () => {
    await policies.choose('Schedules');
    const manual = await policies.runNow('every-minute');
    await policies.expectPhase(manual, 'Completed');
    await expect(policies.cell(policies.row(manual), 'Added')).toHaveText(/^\d+ B$/);
  });

  await test.step('browse, search, download', async () => {
    await policies.act(policies.row(backup), 'Browse');
    await browse.expectShown(backup);
    await browse.enter('pictures');
    await browse.enter('2026');
    const photo = await browse.download('harbour.bin');
    expect(photo.suggestedFilename()).toBe('harbour.bin');
    expect(await digest(await photo.path())).toBe(await digest(path.join(folders.source, SAMPLE.photo)));

    await browse.search.fill('sure');
    const odd = await browse.download(SAMPLE.odd);
    expect(odd.suggestedFilename()).toContain('sure');
    expect(await readFile(await odd.path(), 'utf8')).toBe('An odd name.\n');
  });

  const target = path.join(folders.root, 'restored');
  const source = await tree(folders.source);

  await test.step('restore everything', async () => {
    await policies.open(project, 'Backups');
    await policies.restore(backup, { name: 'everything', directory: target });
    expect(await tree(target)).toEqual(source);
  });

  await test.step('restore beside what is there', async () => {
    await policies.choose('Backups');
    await policies.restore(backup, { name: 'beside', directory: target, onConflict: 'Keep both' });
    const restored = await tree(target);
    expect(restored).toMatchObject(source);
    expect(restored['notes (restored).txt']).toBe(source[SAMPLE.notes]);
  });

  await test.step('the policy ends, its backups stay', async () => {
    await policies.choose('Schedules');
    await policies.delete(policies.row('every-minute'), 'Delete Policy');
    await expect(policies.page.getByText('No policies yet')).toBeVisible();
    await policies.choose('Backups');
    await expect(policies.row(backup)).toContainText('Completed');
  });

  await test.step('backup off, and on again', async () => {
    await settings.open(project);
    await settings.save(false);
    await settings.question.press('Disable Backup');
    await expect(settings.notice).toContainText(`Backup disabled for ${PROJECT}`);
    await expect(settings.enableBackup).not.toBeChecked();
    await settings.save(true);
    await expect(settings.notice).toContainText(`Backup enabled for ${PROJECT}`);
    // The policy ended with the backup, so a new one comes next.
    await expect(policies.addDialog.root).toBeVisible();
    await settings.open(project);
    await expect(settings.enableBackup).toBeChecked();
  });
});
