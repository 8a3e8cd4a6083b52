import { readFile } from 'node:fs/promises';

import { expect, PASSWORD, test } from '../support/fixtures';
import { addBackup, addCredential, CREDENTIAL, POLICY, PROJECT } from '../support/prepare';

test('backup is switched on', async ({ partner, s3, folders }) => {
  const { projects, settings, project } = partner;
  await addCredential(partner, s3);
  await projects.open();
  const id = await projects.add({ name: PROJECT, directory: folders.source, backup: false });
  await project.toSettings();
  await expect(settings.enableBackup).not.toBeChecked();
  await settings.save(true);
  await expect(settings.notice).toContainText(`Backup enabled for ${PROJECT}`);
  // Nothing is scheduled yet, so that comes next.
  await settings.expectAddress(/\/policies\?tab=schedules&dialog=add$/);
  await expect(partner.policies.addDialog.root).toBeVisible();
  await settings.open(id);
  await expect(settings.form.root).toContainText(/holdfast-acme-web-shop-[a-z0-9]{8}/);
  await project.open(id, PROJECT);
  await expect(project.page.getByRole('main')).toContainText(CREDENTIAL);
});

test('switching off asks first, and what was backed up stays', async ({ partner, s3, folders }) => {
  const { settings, policies } = partner;
  const { project, backup } = await addBackup(partner, s3, folders);
  await settings.open(project);
  const bucket = /holdfast-acme-web-shop-\w{8}/.exec(await settings.form.root.innerText())?.[0] ?? '';
  expect(bucket).not.toBe('');

  await test.step('turning back changes nothing', async () => {
    await settings.save(false);
    await expect(settings.question.root).toContainText('Its policy is deleted');
    await expect(settings.question.root).toContainText(bucket);
    await settings.question.press('Cancel');
    await settings.expectNoDialog();
    await expect(settings.enableBackup).toBeChecked();
  });

  await test.step('off', async () => {
    await settings.save(false);
    await settings.question.press('Disable Backup');
    await expect(settings.notice).toContainText(`Backup disabled for ${PROJECT}`);
    await expect(settings.enableBackup).not.toBeChecked();
    await policies.open(project, 'Schedules');
    await expect(policies.row(POLICY)).toHaveCount(0);
    await expect(policies.link('Add Policy')).toHaveCount(0);
    await expect(policies.page.getByText('Backup is off for this project')).toBeVisible();
  });

  await test.step('on again with the same bucket', async () => {
    await settings.open(project);
    await settings.enableBackup.setChecked(true);
    await settings.form.fill({ Bucket: 'Use an existing bucket', 'Bucket Name': bucket });
    await settings.button('Save').click();
    await expect(settings.notice).toContainText(`Backup enabled for ${PROJECT}`);
    await policies.open(project, 'Backups');
    await policies.act(policies.row(backup), 'Browse');
    await partner.browse.expectShown(backup);
    await expect(partner.browse.entry('notes.txt')).toBeVisible();
  });
});

test('how objects are kept is chosen beside the bucket', async ({ partner, s3, folders }) => {
  const { settings } = partner;
  const { project } = await addBackup(partner, s3, folders);
  await settings.open(project);
  const more = settings.page.getByText('Storage class and server-side encryption');
  const key = settings.form.field('KMS Key');

  await test.step('the key of KMS is asked for where it counts', async () => {
    await expect(settings.form.field('Storage Class')).toBeHidden();
    await more.click();
    await expect(key).toBeHidden();
    await settings.form.fill({ 'Server-Side Encryption': 'With a key of KMS (SSE-KMS)' });
    await expect(key).toBeVisible();
    await settings.form.fill({ 'KMS Key': 'alias/backups' });
    await settings.button('Save').click();
    await expect(settings.notice).toContainText('is stored as chosen');
    await settings.open(project);
    await expect(key).toHaveValue('alias/backups');
  });

  await test.step('a class that the service does not know is told at the field', async () => {
    await settings.form.fill({ 'Storage Class': 'Intelligent tiering' });
    await settings.button('Save').click();
    await settings.form.expectErrorAt('Storage Class', /does not know this storage class/);
    await expect(key).toHaveValue('alias/backups');
  });
});

test('the recovery kit names the place and the password', async ({ partner, s3, folders }) => {
  const { settings } = partner;
  const { project } = await addBackup(partner, s3, folders);
  await settings.open(project);
  await settings.link('Recovery Kit').click();
  await settings.kit.fill({ Password: 'not the password' });
  await settings.kit.press('Download');
  await settings.kit.expectErrorAt('Password', /not your password/);
  await settings.kit.fill({ Password: PASSWORD });
  const [download] = await Promise.all([settings.page.waitForEvent('download'), settings.kit.press('Download')]);
  const kit = await readFile(await download.path(), 'utf8');
  expect(kit).toContain(s3.endpoint);
  expect(kit).toContain('restic');
  expect(kit).not.toContain(s3.keys.secretKey);
});
